#pragma once

#include "core/mutex.hpp"
#include "memory/age.hpp"
#include "memory/at_fork.hpp"
#include "memory/block_heap.hpp"
#include "memory/entry.hpp"
#include "memory/index.hpp"
#include "memory/lease_table.hpp"
#include "memory/policy.hpp"
#include "memory/removed_entries.hpp"
#include "memory/shard_table.hpp"
#include "memory/striped_lock.hpp"
#include "memory/timer_wheel.hpp"

#include <cachekit/backend.hpp>
#include <cachekit/runtime.hpp>

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::memory {

/// What a shard may hold.
struct Bounds {
  std::uint64_t bytes = 0;
  std::uint64_t items = 0;

  [[nodiscard]] bool operator==(const Bounds&) const = default;
};

/// What a shard holds and what happened in it so far.
struct ShardStats {
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;
  std::uint64_t evictions = 0;  ///< Entries that were alive and made room for others.
  std::uint64_t expired = 0;    ///< Entries that were removed because their time was over.
  std::uint64_t changes = 0;    ///< What callers changed; eviction and expiry do not count.
  AgeCounts<std::uint64_t> evicted_ages{};
};

/// What is to be stored. Lifetime: the views are good during the call.
struct NewValue {
  HashedKey key{};
  std::string_view value{};
  Time expires_at = no_expiry;
  SetCondition condition = SetCondition::always;

  [[nodiscard]] std::size_t charge() const noexcept {
    return entry_charge(key.text.size(), value.size(), expires_at != no_expiry);
  }
};

/// One step of a scan: what matched from one position to another (see `Index::walk`).
struct ScanPage {
  struct Key {
    std::uint64_t position = 0;
    std::string text{};
  };
  std::vector<Key> keys{};
  std::uint64_t end = 0;
};

/// An entry of a listing, which holds it whatever becomes of it in the cache.
struct ListedEntry {
  EntryReference entry;
  Time expires_at = no_expiry;
};

/// A part of the cache with a lock, an index and bounds of its own.
///
/// Invariants: index and policy hold the same entries, the timer wheel those that expire; `bytes`
/// is the sum of their charges and never above what is allowed. No entry's key has a lease. An
/// entry whose time is over is never answered. It goes when a write sweeps, or when room is needed,
/// in which case the expired go before those that are alive as far as a bounded search finds them.
/// All of that happens under one lock, so what is removed as expired is the very entry that was
/// looked at, never one that was set meanwhile.
///
/// Which keys it holds, the table says. Callers look that up without a lock; where a key has moved
/// to another shard before they have this one's lock, the call is handed on.
///
/// Whatever leaves goes to the caller's `RemovedEntries`, which report and free it after the lock.
///
/// Making room takes no memory, and all that may fail for want of it comes before what changes
/// something: members that are not said to fail may still throw `std::bad_alloc`, and then the
/// entry that was to be stored is not, nor is anything half done.
///
/// Threads: all members may be called from any thread at once. Readers share the lock.
class Shard {
 public:
  static constexpr std::size_t most_at_once = 64;

  /// `keep_replaced`: a value that is replaced shows among the removed entries. Lifetime: the
  /// runtime and the table must outlive this.
  Shard(const Bounds& bounds, std::unique_ptr<Policy> policy, const Runtime& runtime,
        std::shared_ptr<PagePool> pool, const ShardTable& table, bool keep_replaced);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  /// Requires of all look-ups: `found` is called with the lock held, and keeps no reference except
  /// by `retain`.
  template <typename Found>
  bool look_up(const HashedKey& key, const Found& found);
  /// The same for at most `most_at_once` keys under one lock, whose cache misses overlap:
  /// `found(i, entry)`.
  template <typename Found>
  void look_up_many(std::span<const HashedKey> keys, const Found& found);

  /// Does not count as a use.
  [[nodiscard]] bool exists(const HashedKey& key);
  /// When the entry expires (`no_expiry`: never), or empty for a miss.
  [[nodiscard]] std::optional<Time> expires_at(const HashedKey& key);
  [[nodiscard]] bool touch(const HashedKey& key, Time expires_at, RemovedEntries& gone);
  /// Errors: `too_large`; then no older value is left, unless the condition is `if_absent`.
  [[nodiscard]] Result<bool> set(const NewValue& value, RemovedEntries& gone);
  /// The same for at most `most_at_once` under one lock, whose misses overlap. The outcome of each
  /// goes to its position in `outcomes`. Errors: also `overloaded`, where there is no memory for
  /// one.
  void set_many(std::span<const NewValue> values, std::span<const std::size_t> positions,
                std::span<Result<bool>> outcomes, RemovedEntries& gone);
  /// Where the entry holds what is expected; its condition is `always`. Errors: as `set`.
  [[nodiscard]] Result<bool> compare_and_set(const NewValue& value, std::string_view expected,
                                             RemovedEntries& gone);
  [[nodiscard]] bool remove(const HashedKey& key, RemovedEntries& gone);
  /// Where there is an entry, it goes to `found`.
  [[nodiscard]] Leased lease(const HashedKey& key, std::chrono::milliseconds span,
                             EntryReference& found, RemovedEntries& gone);
  /// Its condition is `if_absent`. Errors: as `set`.
  [[nodiscard]] Result<bool> set_leased(const NewValue& value, LeaseToken token,
                                        RemovedEntries& gone);
  [[nodiscard]] bool drop_lease(const HashedKey& key, LeaseToken token);
  /// Errors: `rejected` for a value that is no number and for an overflow; `too_large`.
  [[nodiscard]] Result<std::int64_t> increment(const HashedKey& key, std::int64_t by,
                                               RemovedEntries& gone);
  /// Where a step of a walk (`Index::walk`) over about `most_at_once` entries ends.
  [[nodiscard]] std::uint64_t step_from(std::uint64_t position) const;
  /// Removes the entries from a position of a walk on, up to another, at most `most_at_once`; gives
  /// the position to go on from, which is the end when it is done.
  [[nodiscard]] std::uint64_t clear(std::uint64_t position, std::uint64_t end,
                                    RemovedEntries& gone);

  /// Allows no more than what is held or what the bounds say, whichever is more; writes and `trim`
  /// bring it down to the bounds.
  void set_bounds(const Bounds& bounds);
  /// Evicts at most `limit` entries; true when the bounds hold.
  [[nodiscard]] bool trim(std::size_t limit, RemovedEntries& gone);
  /// The same for other bounds than its own, which stay as they are.
  [[nodiscard]] bool trim_to(const Bounds& bounds, std::size_t limit, RemovedEntries& gone);

  using Reading = StripedLock::Reading;
  using Writing = StripedLock::Writing;

  /// For who changes the table, which is the only one to hold two of these: the lower number first.
  [[nodiscard]] StripedLock& lock() const noexcept CACHEKIT_RETURNS_LOCK(lock_) { return lock_; }
  /// These require that this shard and the other one are locked so. What there is no memory for
  /// goes, as evicted. All that the other one has: who was to go early there is so here.
  void take_all(Shard& other, RemovedEntries& gone) noexcept CACHEKIT_REQUIRES(lock_, other.lock_);
  /// Those entries that `moves`, in their order; `room` is for as many addresses as it has
  /// capacity.
  template <typename Moves>
  void give_some(Shard& other, const Moves& moves, std::vector<const Entry*>& room,
                 RemovedEntries& gone) noexcept CACHEKIT_REQUIRES(lock_, other.lock_);
  void set_home(const HashRange& range) noexcept CACHEKIT_REQUIRES(lock_) { home_ = range; }
  /// For the time being: as much as the other one may hold, beside its own or instead of it.
  void add_bounds(const Shard& other) noexcept CACHEKIT_REQUIRES(lock_, other.lock_) {
    change_bounds({.bytes = bounds_.bytes + other.bounds_.bytes,
                   .items = bounds_.items + other.bounds_.items});
  }
  void copy_bounds(const Shard& other) noexcept CACHEKIT_REQUIRES(lock_, other.lock_) {
    change_bounds(other.bounds_);
  }

  /// Adds what matches from that position to the page's end, which comes closer where that would be
  /// more than about `limit` entries.
  void scan(std::string_view pattern, std::uint64_t from, std::size_t limit, ScanPage& page) const;
  /// Adds all entries that are alive, the first to be evicted first.
  void list(std::vector<ListedEntry>& entries) const;

  /// Takes back the memory of those that have left, part by part: nobody waits for all of it.
  void collect();
  /// Removes what has expired, in about `limit` steps; true when nothing of it is left.
  [[nodiscard]] bool sweep(std::size_t limit, RemovedEntries& gone);
  /// As it is, what has expired and was not removed yet included.
  [[nodiscard]] ShardStats counts() const;
  [[nodiscard]] std::uint64_t changes() const;
  /// How many entries there were after the last write.
  [[nodiscard]] std::uint64_t items() const noexcept {
    return items_.load(std::memory_order_relaxed);
  }
  /// For `AtFork`.
  void lock_for_fork() CACHEKIT_UNCHECKED_LOCKING { lock_.lock(); }
  void unlock_after_fork(Process process) noexcept CACHEKIT_UNCHECKED_LOCKING {
    process == Process::parent ? lock_.unlock() : lock_.unlock_in_child();
  }
  /// Checks the invariants, and with the hash of a key that it is at home here. Errors: `decode`.
  [[nodiscard]] Result<void> validate(
      const std::function<std::uint64_t(std::string_view)>& hash) const;

 private:
  using Group = std::uint64_t;  // A bit for each of many keys.
  static_assert(most_at_once <= 64);

  // Looks at nothing that the lock guards.
  void prefetch(const HashedKey& key) const noexcept CACHEKIT_UNCHECKED_LOCKING {
    index_.prefetch_unlocked(key.index_hash());
  }
  template <typename Found>
  bool visit(Entry* entry, const Found& found) CACHEKIT_REQUIRES_SHARED(lock_);
  void use(Entry& entry) CACHEKIT_REQUIRES_SHARED(lock_) {
    if (reads_change_order_) {
      policy_->use(entry);
    } else {
      Policy::note_use(entry);
    }
  }
  [[nodiscard]] bool is_home_of(const HashedKey& key) const noexcept
      CACHEKIT_REQUIRES_SHARED(lock_) {
    return home_.contains(key.hash);
  }
  [[nodiscard]] Entry* find(const HashedKey& key) const noexcept CACHEKIT_REQUIRES_SHARED(lock_) {
    return index_.find(key.index_hash(), key.text);
  }
  [[nodiscard]] Entry* find_alive(const HashedKey& key, Time now, RemovedEntries& gone)
      CACHEKIT_REQUIRES(lock_);
  void begin_write(Time now, RemovedEntries& gone) noexcept CACHEKIT_REQUIRES(lock_);
  // `ready`: the entry, if it was made already. It stays there if it is not wanted, for who calls
  // to free it after the lock.
  [[nodiscard]] Result<bool> set_locked(const NewValue& value, Time now, EntryPtr& ready,
                                        RemovedEntries& gone) CACHEKIT_REQUIRES(lock_);
  void discard(const NewValue& value, Time now, RemovedEntries& gone) CACHEKIT_REQUIRES(lock_);
  [[nodiscard]] Leased lease_locked(const HashedKey& key, std::chrono::milliseconds span, Time now)
      CACHEKIT_REQUIRES(lock_);
  [[nodiscard]] bool holds_lease(const HashedKey& key, LeaseToken token, Time now) const noexcept
      CACHEKIT_REQUIRES_SHARED(lock_);
  void void_lease(const HashedKey& key) noexcept CACHEKIT_REQUIRES(lock_) {
    if (leases_) leases_->drop(key.hash);
  }
  void void_leases() noexcept CACHEKIT_REQUIRES(lock_) {
    if (leases_) leases_->clear();
  }
  [[nodiscard]] std::optional<bool> touch_locked(const HashedKey& key, Time expires_at, Time now,
                                                 EntryReference& large, EntryPtr& ready,
                                                 RemovedEntries& gone) CACHEKIT_REQUIRES(lock_);
  [[nodiscard]] Result<std::int64_t> increment_locked(const HashedKey& key, std::int64_t by,
                                                      Time now, RemovedEntries& gone)
      CACHEKIT_REQUIRES(lock_);
  [[nodiscard]] EntryPtr make_if_large(const NewValue& value) const;
  [[nodiscard]] bool overwrite(Entry& entry, const NewValue& fresh, Time now)
      CACHEKIT_REQUIRES(lock_);
  /// `cause`: why `current` leaves.
  void store(EntryPtr entry, Entry* current, Time now, RemovedEntries& gone,
             std::optional<RemovalCause> cause = RemovalCause::replaced) CACHEKIT_REQUIRES(lock_);
  void replace(Entry& old, Entry& fresh, std::optional<RemovalCause> cause,
               RemovedEntries& gone) noexcept CACHEKIT_REQUIRES(lock_);
  void take(const Entry& entry, std::size_t queue, Shard& from, RemovedEntries& gone) noexcept
      CACHEKIT_REQUIRES(lock_, from.lock_);
  [[nodiscard]] bool turn_over(std::size_t queue) noexcept CACHEKIT_REQUIRES(lock_);
  void adopt(EntryPtr entry, std::size_t queue, std::uint32_t age, RemovedEntries& gone) noexcept
      CACHEKIT_REQUIRES(lock_);
  [[nodiscard]] EntryPtr hand_over(const Entry& entry) noexcept CACHEKIT_REQUIRES(lock_);
  void drop(Entry& entry, std::optional<RemovalCause> cause, RemovedEntries& gone) noexcept
      CACHEKIT_REQUIRES(lock_);
  void leave(Entry& entry, std::optional<RemovalCause> cause, RemovedEntries& gone) noexcept
      CACHEKIT_REQUIRES(lock_);
  [[nodiscard]] bool drop_expired(Time now, std::size_t& steps, RemovedEntries& gone) noexcept
      CACHEKIT_REQUIRES(lock_);
  void drop_all_expired(Time now, std::size_t& steps, RemovedEntries& gone) noexcept
      CACHEKIT_REQUIRES(lock_);
  [[nodiscard]] Entry& take_victim() noexcept CACHEKIT_REQUIRES(lock_);
  [[nodiscard]] bool drop_down_to(const Bounds& bounds, std::size_t limit, Time now,
                                  RemovedEntries& gone) noexcept CACHEKIT_REQUIRES(lock_);
  void evict_one(Time now, RemovedEntries& gone) noexcept CACHEKIT_REQUIRES(lock_);
  void make_room(std::uint64_t bytes, std::uint64_t items, Time now, RemovedEntries& gone) noexcept
      CACHEKIT_REQUIRES(lock_);
  void drop_one(Time now, RemovedEntries& gone) noexcept CACHEKIT_REQUIRES(lock_);
  void change_bounds(const Bounds& bounds) noexcept CACHEKIT_REQUIRES(lock_);
  void tighten() noexcept CACHEKIT_REQUIRES(lock_);
  void allow_what_is_held() noexcept CACHEKIT_REQUIRES(lock_);
  [[nodiscard]] bool fits(std::uint64_t bytes, std::uint64_t items,
                          const Bounds& bounds) const noexcept CACHEKIT_REQUIRES_SHARED(lock_) {
    return stats_.bytes + bytes <= bounds.bytes && index_.count() + items <= bounds.items;
  }

  const Runtime& runtime_;
  const std::unique_ptr<Policy> policy_;
  const ShardTable& table_;
  const bool reads_change_order_;
  const bool keep_replaced_;
  // The keys that belong here. All calls look at it.
  HashRange home_ CACHEKIT_GUARDED_BY(lock_);
  mutable StripedLock lock_;  // Guards what policy_ points to, too.
  // Cache lines: reads look at the index only, and every change writes to the wheel and the counts,
  // but seldom to the rest.
  alignas(64) Index index_ CACHEKIT_GUARDED_BY(lock_);
  alignas(64) TimerWheel wheel_ CACHEKIT_GUARDED_BY(lock_);
  ShardStats stats_ CACHEKIT_GUARDED_BY(lock_);  // without `items`, which the index knows
  alignas(64) BlockHeap::Pointer heap_;
  Bounds bounds_ CACHEKIT_GUARDED_BY(lock_);
  Bounds allowed_ CACHEKIT_GUARDED_BY(lock_);  // The bounds, or more after they were lowered.
  std::unique_ptr<LeaseTable> leases_ CACHEKIT_GUARDED_BY(lock_){};  // Once there was one.
  // For who does not lock.
  std::atomic<std::uint64_t> max_bytes_;
  std::atomic<std::uint64_t> items_{0};
};

template <typename Found>
bool Shard::visit(Entry* entry, const Found& found) {
  if (entry == nullptr || (entry->expires && entry->expired(runtime_.now()))) return false;
  found(*entry);
  use(*entry);
  return true;
}

template <typename Found>
bool Shard::look_up(const HashedKey& key, const Found& found) {
  prefetch(key);  // While the lock is taken.
  if (reads_change_order_) {
    const Writing lock(lock_);
    if (is_home_of(key)) return visit(find(key), found);
  } else {
    const Reading lock(lock_);
    if (is_home_of(key)) return visit(find(key), found);
  }
  return table_.home_of(key).look_up(key, found);
}

template <typename Found>
void Shard::look_up_many(std::span<const HashedKey> keys, const Found& found) {
  Group strangers = 0;
  const auto each = [&]() CACHEKIT_REQUIRES_SHARED(lock_) {
    for (const HashedKey& key : keys) index_.prefetch(key.index_hash());
    for (const HashedKey& key : keys) index_.prefetch_entry(key.index_hash());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (!is_home_of(keys[i])) {
        strangers |= Group{1} << i;
        continue;
      }
      visit(find(keys[i]), [&](const Entry& entry) { found(i, entry); });
    }
  };
  if (reads_change_order_) {
    const Writing lock(lock_);
    each();
  } else {
    const Reading lock(lock_);
    each();
  }
  for (; strangers != 0; strangers &= strangers - 1) {
    const auto i = static_cast<std::size_t>(std::countr_zero(strangers));
    table_.home_of(keys[i]).look_up(keys[i], [&](const Entry& entry) { found(i, entry); });
  }
}

template <typename Moves>
void Shard::give_some(Shard& other, const Moves& moves, std::vector<const Entry*>& room,
                      RemovedEntries& gone) noexcept {
  void_leases();  // They would not be voided by what the other shard does to keys of its own.
  for (std::size_t queue = 0; queue < policy_->queues(); ++queue) {
    do {  // Again if there are more than it has room for.
      room.clear();
      policy_->queue(queue).for_each([&](const Entry& entry) {
        if (room.size() < room.capacity() && moves(entry)) room.push_back(&entry);
      });
      for (const Entry* const entry : room) other.take(*entry, queue, *this, gone);
    } while (!room.empty());
  }
  other.allow_what_is_held();
}

}  // namespace cachekit::memory
