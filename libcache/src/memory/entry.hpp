#pragma once

#include <cachekit/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace cachekit::memory {

using Time = Clock::steady_time;
inline constexpr Time no_expiry = Time::max();

/// A key and its keyed hash, computed once per call.
struct HashedKey {
  std::string_view text{};
  std::uint64_t hash = 0;
};

struct Entry;
struct EntryDeleter {
  void operator()(Entry* entry) const noexcept;
};
using EntryPtr = std::unique_ptr<Entry, EntryDeleter>;

/// One cached value: this header, the key and the value in a single allocation.
///
/// Its links belong to the structures of its shard (`EvictionOrder`, `Roster`, `ExpiryQueue`), and
/// only they touch them. The slots hold 32 bits: a shard of the largest allowed share has fewer
/// entries than that.
struct Entry {
  Entry* older = nullptr;
  Entry* newer = nullptr;
  Time expires_at = no_expiry;
  Time used_at{};
  std::uint64_t hash = 0;
  std::size_t value_size = 0;
  std::uint32_t key_size = 0;
  std::uint32_t roster_slot = 0;
  std::uint32_t expiry_slot = 0;

  [[nodiscard]] std::string_view key() const noexcept { return {bytes(), key_size}; }
  [[nodiscard]] std::string_view value() const noexcept { return {bytes() + key_size, value_size}; }
  [[nodiscard]] HashedKey hashed_key() const noexcept { return {key(), hash}; }
  [[nodiscard]] bool expired(Time now) const noexcept { return expires_at <= now; }
  [[nodiscard]] std::size_t charge() const noexcept;

 private:
  [[nodiscard]] const char* bytes() const noexcept {
    return reinterpret_cast<const char*>(this + 1);
  }
};

/// Copies key and value into a new entry.
[[nodiscard]] EntryPtr make_entry(const HashedKey& key, std::string_view value, Time expires_at,
                                  Time used_at);
/// A copy that belongs to no shard.
[[nodiscard]] EntryPtr copy_entry(const Entry& entry);

/// What an entry costs beside its block: two buckets of 16 bytes in the index (which holds between
/// 1.3 and 2.7 a key) and a place of 8 bytes in the roster and in the expiry queue, half as much
/// again for their growth.
inline constexpr std::size_t index_share = 2 * 16 + 2 * 12;

/// All bytes that an entry takes: its block as the allocator rounds it (a word of its own, then up
/// to a multiple of 16) and its share of the index.
[[nodiscard]] constexpr std::size_t entry_charge(std::size_t key_size,
                                                 std::size_t value_size) noexcept {
  const std::size_t block = sizeof(Entry) + key_size + value_size + sizeof(void*);
  return (block + 15) / 16 * 16 + index_share;
}

/// The longest value that fits beside a key of one byte into so many bytes; 0 when none does.
[[nodiscard]] constexpr std::size_t largest_value(std::size_t capacity) noexcept {
  constexpr std::size_t fixed = sizeof(Entry) + 1 + sizeof(void*);
  if (capacity < entry_charge(1, 0)) return 0;
  return (capacity - index_share) / 16 * 16 - fixed;
}

}  // namespace cachekit::memory
