#pragma once

#include <cstddef>
#include <cstdint>

namespace cachekit::memory {

/// The longest key.
inline constexpr std::size_t max_key_bytes = std::size_t{64} << 10U;
/// More locks than this help nobody.
inline constexpr std::size_t max_shards = 1024;
/// The largest share of one shard. An entry takes over 64 bytes, and the places of a queue, of
/// which there are up to four for an entry, are counted in 32 bits.
inline constexpr std::uint64_t max_shard_bytes = std::uint64_t{64} << 30U;
/// What stands for no bound on the number of entries.
inline constexpr std::uint64_t max_entries = std::uint64_t{1} << 48U;

/// Values of this size are copied before the lock is taken, for others would wait for that.
inline constexpr std::size_t large_value = std::size_t{64} << 10U;

}  // namespace cachekit::memory
