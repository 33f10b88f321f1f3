#pragma once

#include "memory/shard.hpp"

#include <cachekit/memory.hpp>

#include <cstdint>

namespace cachekit::memory {

/// What a user says of the bounds, as a store has them; 0 entries: no bound on them.
[[nodiscard]] Bounds bounds_of(Bytes capacity, std::uint64_t items) noexcept;
/// How many shards a cache with these bounds has; `wanted` 0: nobody says, and it is a power of
/// two.
[[nodiscard]] std::uint64_t choose_shards(const Bounds& bounds, std::uint64_t wanted) noexcept;
/// How many it may have after a resize, if it begins with so many.
[[nodiscard]] std::uint64_t most_shards(std::uint64_t shards, std::uint64_t wanted) noexcept;
/// Whether so many shards can keep the bounds. Errors: `invalid_argument`.
[[nodiscard]] Result<void> check_bounds(const Bounds& bounds, std::uint64_t shards);
/// Whether a cache can be made so. Errors: `invalid_argument`.
[[nodiscard]] Result<void> check_config(const InMemoryConfig& config);

}  // namespace cachekit::memory
