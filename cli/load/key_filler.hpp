#pragma once

#include "load/worker.hpp"

#include <cstdint>
#include <functional>

namespace cachekit::cli {

/// Stores a value under every key of the run, in batches. Gives how many, fewer than all when
/// interrupted.
/// Errors: the first of any key.
[[nodiscard]] Result<std::uint64_t> fill_keys(const BenchShared& shared,
                                              const std::function<void(double part)>& progress);

/// Removes every key of the run. Errors: the first of any key; the rest goes with its TTL.
[[nodiscard]] Result<void> remove_keys(const BenchShared& shared);

}  // namespace cachekit::cli
