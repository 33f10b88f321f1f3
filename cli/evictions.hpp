#pragma once

#include <cachekit/backend.hpp>
#include <cachekit/memory.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace cachekit::cli {

/// What a cache holds, all nodes together.
struct Held {
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;      ///< 0 also where that is not known.
  std::uint64_t evictions = 0;  ///< So far.
};

/// Empty where a node does not tell.
[[nodiscard]] std::optional<Held> held_by(CacheBackend& backend);

/// "3 entries had to make room: 97 are still there now".
[[nodiscard]] std::string evictions_text(std::uint64_t evicted, std::uint64_t items);

/// The options that would have kept what was evicted, by the bound that was in the way: "give it
/// more room: --option memory.max_entries=125". `mean_bytes` is what an entry takes, where more is
/// known of that than what is left tells.
[[nodiscard]] std::string more_room(const InMemoryConfig& config, const Held& held,
                                    std::uint64_t evicted, double mean_bytes = 0);

}  // namespace cachekit::cli
