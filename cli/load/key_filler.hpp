#pragma once

#include "load/worker.hpp"

#include <cstdint>
#include <functional>

namespace cachekit::cli {

/// Stores a value under every key of the run, in batches, unless interrupted. `written` is how many
/// keys, from the first one, have a value by now or may have one.
/// Errors: the first of any key.
[[nodiscard]] Result<void> fill_keys(const BenchShared& shared, std::uint64_t& written,
                                     const std::function<void(double part)>& progress);

/// Removes the first `written` keys of the run. Errors: the first of any key, or `cancelled` when
/// an interrupted run would take long over it; the rest goes with its TTL.
[[nodiscard]] Result<void> remove_keys(const BenchShared& shared, std::uint64_t written);

}  // namespace cachekit::cli
