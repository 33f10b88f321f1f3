#pragma once

#include "core/internal.hpp"

#include <cstdint>

namespace cachekit::core {

/// A number that nobody can guess, from the kernel; on a kernel that gives none, one that differs
/// between processes and calls.
///
/// It stands in for `std::random_device`, which takes 5 KB of the caller's stack and may throw.
/// Cost: a system call.
[[nodiscard]] CACHEKIT_INTERNAL std::uint64_t random_seed() noexcept;

}  // namespace cachekit::core
