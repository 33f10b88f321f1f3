#pragma once

#include "transfer/left_out.hpp"

#include <cachekit/backend.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace cachekit::cli {

/// How far a removal came, also where it was cut short.
struct Removal {
  std::uint64_t removed = 0;
  std::uint64_t unknown = 0;  ///< Sent and not answered: removed or not.
  LeftOut left_out{};         ///< Keys that could not be removed, and did not stop the rest.
  std::optional<Error> error{};
};

/// Removes what matches, page by page, at most `keys_per_second` (0: as fast as it goes). Ctrl-C
/// ends it before the next page. A page that took as long as its `budget`, the backend's for a
/// call, was too slow: nobody is asked for it again.
[[nodiscard]] Removal remove_matching(CacheBackend& backend, const std::string& pattern,
                                      double keys_per_second, std::chrono::milliseconds budget);

/// How many keys match, each counted once. Ctrl-C ends it.
[[nodiscard]] Result<std::uint64_t> count_matching(CacheBackend& backend,
                                                   const std::string& pattern);

}  // namespace cachekit::cli
