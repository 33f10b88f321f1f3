#pragma once

#include "memory/entry.hpp"
#include "memory/eviction_order.hpp"
#include "memory/expiry_queue.hpp"
#include "memory/roster.hpp"

#include <cachekit/backend.hpp>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tsl/robin_set.h>

namespace cachekit::memory {

/// What a shard holds and what happened in it so far.
struct ShardStats {
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t evictions = 0;  ///< Entries that were alive and made room for others.
  std::uint64_t expired = 0;    ///< Entries that were removed because their time was over.
  std::uint64_t changes = 0;    ///< What callers changed; eviction and expiry do not count.
};

/// One step of a scan: what matched, and where the next step goes on (0: nowhere, it is over).
struct ScanPage {
  std::vector<std::string> keys{};
  std::size_t next = 0;
};

/// A part of the cache with a lock, an index and a bound of its own.
///
/// Invariants: the roster owns every entry; the index and the eviction order hold the same entries,
/// the expiry queue those that expire; `bytes` is the sum of their charges and never above the
/// capacity. An entry whose time is over is never answered. It goes when a look-up meets it, when
/// a write sweeps, or when room is needed, in which case the expired go before any that is alive.
/// All of that happens under one lock, so what is removed as expired is the very entry that was
/// looked at, never one that was set meanwhile.
///
/// Threads: all members may be called from any thread at once.
class Shard {
 public:
  explicit Shard(std::size_t capacity);

  [[nodiscard]] std::optional<std::string> get(const HashedKey& key, Time now);
  /// Counts as a look-up, does not count as a use.
  [[nodiscard]] bool exists(const HashedKey& key, Time now);
  /// When the entry expires (`no_expiry`: never), or empty for a miss.
  [[nodiscard]] std::optional<Time> expires_at(const HashedKey& key, Time now);
  [[nodiscard]] bool touch(const HashedKey& key, Time expires_at, Time now);
  /// Requires: the entry's charge is within the capacity.
  [[nodiscard]] bool set(EntryPtr entry, SetCondition condition, Time now);
  [[nodiscard]] bool remove(const HashedKey& key, Time now);
  /// Errors: `rejected` for a value that is no number and for an overflow; `too_large`.
  [[nodiscard]] Result<std::int64_t> increment(const HashedKey& key, std::int64_t by, Time now);
  void clear();

  /// Looks at no more than `limit` entries. `from` is the `next` of the page before.
  [[nodiscard]] ScanPage scan(std::string_view pattern, std::size_t from, std::size_t limit,
                              Time now) const;
  static constexpr std::size_t scan_start = SIZE_MAX;

  /// Adds copies of all entries that are alive, the first to be evicted first.
  void copy_to(std::vector<EntryPtr>& copies, Time now) const;
  /// Removes everything that has expired, then counts.
  [[nodiscard]] ShardStats stats(Time now);
  [[nodiscard]] std::uint64_t changes() const;
  /// Checks the invariants. Errors: `decode`.
  [[nodiscard]] Result<void> validate() const;

 private:
  struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(const Entry* entry) const noexcept { return entry->hash; }
    std::size_t operator()(const HashedKey& key) const noexcept { return key.hash; }
  };
  struct SameKey {
    using is_transparent = void;
    bool operator()(const Entry* a, const Entry* b) const noexcept { return a->key() == b->key(); }
    bool operator()(const HashedKey& a, const Entry* b) const noexcept {
      return a.text == b->key();
    }
    bool operator()(const Entry* a, const HashedKey& b) const noexcept {
      return a->key() == b.text;
    }
  };
  // The set of the robin-map library: a map would store each key beside the entry that has it.
  using Index = tsl::robin_set<Entry*, KeyHash, SameKey, std::allocator<Entry*>, true>;

  // All of these require that mutex_ is held.
  Entry* find_alive(const HashedKey& key, Time now);
  Entry* look_up(const HashedKey& key, Time now);
  void insert(EntryPtr entry, Entry* replaced, Time now);
  void unlink(Entry& entry) noexcept;
  void drop(Entry& entry) noexcept;
  void drop_expired(Entry& entry) noexcept;
  void sweep(Time now, std::size_t limit) noexcept;
  void make_room(std::size_t charge, Time now) noexcept;
  Result<void> validate_entry(const Entry& entry, std::size_t slot) const;

  const std::size_t capacity_;
  mutable std::mutex mutex_;  // guards everything below
  Roster roster_;
  Index index_;
  EvictionOrder order_;
  ExpiryQueue expiring_;
  ShardStats stats_;  // without `items`, which the roster knows
};

}  // namespace cachekit::memory
