#pragma once

#include "memory/block_heap.hpp"

#include <cachekit/runtime.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>

namespace cachekit::memory {

using Time = Runtime::steady_time;
inline constexpr Time no_expiry = Time::max();

/// A key and its keyed hash, computed once per call. The upper half of the hash chooses the shard,
/// the lower half the place in its index.
struct HashedKey {
  std::string_view text{};
  std::uint64_t hash = 0;

  [[nodiscard]] std::uint32_t index_hash() const noexcept {
    return static_cast<std::uint32_t>(hash);
  }
};

struct Entry;

/// What an entry that expires has in front of it; the links belong to the timer wheel.
struct Expiry {
  Time at = no_expiry;
  Entry* before = nullptr;
  Entry* after = nullptr;
  std::uint16_t slot = 0;
};

/// One cached value: what an expiry needs, if it has one, this header, the key and the value in a
/// single allocation.
///
/// The header is small because a cache of many small values has more of it than of anything else.
/// `hash`, `place` and `policy` belong to the index, the queue and the policy of its shard. Key
/// and whether it expires never change, so whoever holds a reference may read them without a
/// lock; a value changes in place only while nobody does.
struct Entry {
  std::uint32_t hash = 0;
  std::uint32_t place = 0;
  std::uint32_t value_size = 0;
  std::uint32_t stored_at = 0;  ///< In ticks; see age.hpp.
  std::atomic<std::uint32_t> references{1};
  std::uint16_t key_size_less_one = 0;
  std::atomic<std::uint8_t> policy{0};
  bool expires = false;

  [[nodiscard]] std::size_t key_size() const noexcept { return std::size_t{key_size_less_one} + 1; }
  [[nodiscard]] std::string_view key() const noexcept { return {bytes(), key_size()}; }
  [[nodiscard]] std::string_view value() const noexcept {
    return {bytes() + key_size(), value_size};
  }

  /// For who may change it: nobody else holds the entry.
  [[nodiscard]] char* value_bytes() noexcept { return const_cast<char*>(bytes()) + key_size(); }

  [[nodiscard]] Expiry& expiry() noexcept { return *(reinterpret_cast<Expiry*>(this) - 1); }
  [[nodiscard]] const Expiry& expiry() const noexcept {
    return *(reinterpret_cast<const Expiry*>(this) - 1);
  }
  [[nodiscard]] Time expires_at() const noexcept { return expires ? expiry().at : no_expiry; }
  [[nodiscard]] bool expired(Time now) const noexcept { return expires && expiry().at <= now; }
  [[nodiscard]] std::size_t charge() const noexcept;

 private:
  [[nodiscard]] const char* bytes() const noexcept {
    return reinterpret_cast<const char*>(this) + sizeof(Entry);
  }
};
static_assert(sizeof(Entry) == 24, "every byte here is multiplied by the entries of a cache");

/// One more holder of the entry. Requires: a lock of its shard is held, or a reference.
inline void retain(const Entry& entry) noexcept {
  const_cast<Entry&>(entry).references.fetch_add(1, std::memory_order_relaxed);
}
/// One less; the last one frees it.
void release(const Entry* entry) noexcept;

struct EntryDeleter {
  void operator()(const Entry* entry) const noexcept { release(entry); }
};
using EntryPtr = std::unique_ptr<Entry, EntryDeleter>;
/// A holder that only reads key and value.
using EntryReference = std::unique_ptr<const Entry, EntryDeleter>;

/// Copies key and value into a new entry. Requires: both are within the limits (limits.hpp), and
/// what `BlockHeap::allocate` requires. Errors: `std::bad_alloc`.
[[nodiscard]] EntryPtr make_entry(BlockHeap& heap, const HashedKey& key, std::string_view value,
                                  Time expires_at);

/// Another one that is the same, for another heap. Errors: `std::bad_alloc`.
[[nodiscard]] EntryPtr copy_entry(BlockHeap& heap, const Entry& entry);
/// Whether it lies in a heap. What does not belongs to none.
[[nodiscard]] bool in_heap(const Entry& entry) noexcept;

/// What an entry costs beside its block: its share of the index (8 bytes a slot, of which 70 to 87
/// in 100 are taken), of its queue (12 bytes a place) and of the memory of keys that were evicted
/// (4 bytes for each of one and a half times as many).
inline constexpr std::size_t index_share = 12 + 13 + 7;

/// All bytes that an entry takes: its block and its share of what its shard knows about it.
[[nodiscard]] constexpr std::size_t entry_charge(std::size_t key_size, std::size_t value_size,
                                                 bool expires = false) noexcept {
  const std::size_t header = sizeof(Entry) + (expires ? sizeof(Expiry) : 0);
  return BlockHeap::charge(header + key_size + value_size) + index_share;
}

/// The longest value of all.
inline constexpr std::size_t max_value_bytes = std::numeric_limits<std::uint32_t>::max();

/// The longest value that fits into so many bytes beside a key of `key_size` bytes and, where it
/// expires, its TTL; 0 when none does.
[[nodiscard]] constexpr std::size_t largest_value(std::size_t capacity, std::size_t key_size = 1,
                                                  bool expires = false) noexcept {
  if (capacity < entry_charge(key_size, 0, expires)) return 0;
  std::size_t least = 0;  // Fits.
  std::size_t most = capacity;
  while (least < most) {
    const std::size_t middle = most - (most - least) / 2;
    if (entry_charge(key_size, middle, expires) <= capacity) {
      least = middle;
    } else {
      most = middle - 1;
    }
  }
  return least < max_value_bytes ? least : max_value_bytes;
}

}  // namespace cachekit::memory
