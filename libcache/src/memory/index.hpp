#pragma once

#include "memory/entry.hpp"
#include "memory/page_pool.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace cachekit::memory {

/// Finds the entries of a shard by their keys: a hash table with open addressing, eight bytes a
/// slot.
///
/// A slot holds the entry's address (45 bits: blocks are aligned to 8 bytes, and user space has 48
/// bits of them), its distance from the slot that it would like best (8 bits) and 11 bits of its
/// hash, which spare nearly all looks at entries with another key. Entries are ordered by that best
/// slot ("Robin Hood hashing", Celis 1986): a search ends where an entry is closer to its home than
/// the one looked for would be, and an erased entry leaves no mark, its followers move up.
///
/// The best slot is `hash * size / 2^32`, so a table need not be a power of two and grows by a
/// quarter, and its order is the order of the hashes, whatever its size. That makes walks stable: a
/// position in a walk is a hash, and stays good when the table changes its size (see `walk`).
///
/// Threads: the shard's lock guards it. Cost: all but growing takes constant time on average.
class Index {
 public:
  /// Large tables come from the pool, if there is one.
  explicit Index(std::shared_ptr<PagePool> pool = nullptr);

  [[nodiscard]] Entry* find(std::uint32_t hash, std::string_view key) const noexcept;
  /// Brings the slot where a search begins close to the processor.
  void prefetch(std::uint32_t hash) const noexcept {
    __builtin_prefetch(slots_.data() + home(hash, size_));
  }
  /// The same without the lock: where the table is just being changed, it brings something else.
  void prefetch_unlocked(std::uint32_t hash) const noexcept {
    __builtin_prefetch(table_.load(std::memory_order_relaxed) +
                       home(hash, table_size_.load(std::memory_order_relaxed)));
  }
  /// The same for the entry that the search will meet first, once that slot is there.
  void prefetch_entry(std::uint32_t hash) const noexcept {
    __builtin_prefetch(entry_of(slots_[home(hash, size_)]));
  }
  /// Requires: no entry with its key is in here.
  void insert(Entry& entry);
  /// Makes room, so that the next `insert` cannot fail.
  void reserve_one();
  /// Requires: `old` is in here, and `fresh` has the same key.
  void replace(const Entry& old, Entry& fresh) noexcept;
  /// Requires: it is in here.
  void erase(const Entry& entry) noexcept;
  /// Gives memory back when few slots are taken, unless there is none to do it with.
  void shrink() noexcept;

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  /// In bytes, of the table itself.
  [[nodiscard]] std::size_t bytes() const noexcept { return slots_.size() * sizeof(Slot); }

  static constexpr std::uint64_t walk_start = 0;
  static constexpr std::uint64_t walk_end = std::uint64_t{1} << 32U;

  /// Shows entries in the order of their hashes from position `from` on, at least one slot and then
  /// no more than `limit` entries and empty slots (some more where hashes are close together);
  /// gives the position to go on from, or `walk_end`. Whatever stays in the table during a walk is
  /// seen; after a change of size some may be seen again.
  template <typename Visit>
  std::uint64_t walk(std::uint64_t from, std::size_t limit, const Visit& visit) const;

  /// Whether each entry is where a search would find it, and in order.
  [[nodiscard]] bool consistent() const;

 private:
  using Slot = std::uint64_t;
  using Slots = std::vector<Slot, PageAllocator<Slot>>;
  static constexpr unsigned alignment_shift = 3;
  static constexpr unsigned distance_shift = 45;
  static constexpr unsigned tag_shift = 53;
  static constexpr std::size_t max_distance = 255;
  static constexpr std::size_t least_size = 8;

  [[nodiscard]] static Slot slot_of(const Entry& entry, std::size_t distance) noexcept {
    return (reinterpret_cast<std::uintptr_t>(&entry) >> alignment_shift) |
           (static_cast<Slot>(distance) << distance_shift) |
           (static_cast<Slot>(entry.hash) << tag_shift);
  }
  [[nodiscard]] static Entry* entry_of(Slot slot) noexcept {
    constexpr Slot address = (Slot{1} << distance_shift) - 1;
    return reinterpret_cast<Entry*>(  // NOLINT(performance-no-int-to-ptr): it was one, packed
        (slot & address) << alignment_shift);
  }
  [[nodiscard]] static std::size_t distance_of(Slot slot) noexcept {
    return (slot >> distance_shift) & max_distance;
  }
  [[nodiscard]] static std::size_t home(std::uint32_t hash, std::size_t size) noexcept {
    return static_cast<std::size_t>((std::uint64_t{hash} * size) >> 32U);
  }
  // The least hash whose best slot is this one.
  [[nodiscard]] std::uint64_t first_hash_of(std::size_t slot) const noexcept {
    return ((static_cast<std::uint64_t>(slot) << 32U) + size_ - 1) / size_;
  }

  [[nodiscard]] std::size_t position_of(const Entry& entry) const noexcept;
  // Nothing wraps around: behind the last best slot there is room for the farthest entry.
  [[nodiscard]] Slots make_slots(std::size_t size) const {
    return Slots(size + std::min(size, max_distance) + 1, slots_.get_allocator());
  }
  [[nodiscard]] std::size_t fill_pages(std::size_t size) const noexcept;
  void rebuild(std::size_t size);
  [[nodiscard]] static bool place(Slots& slots, std::size_t size, const Entry& entry) noexcept;

  void publish() noexcept {
    table_.store(slots_.data(), std::memory_order_relaxed);
    table_size_.store(size_, std::memory_order_relaxed);
  }

  std::size_t size_ = least_size;
  Slots slots_;
  // The same two for `prefetch_unlocked`.
  std::atomic<const Slot*> table_{nullptr};
  std::atomic<std::size_t> table_size_{0};
  // Every search looks at the members above, every insertion changes the one below.
  alignas(64) std::size_t count_ = 0;
};

template <typename Visit>
std::uint64_t Index::walk(std::uint64_t from, std::size_t limit, const Visit& visit) const {
  if (from >= walk_end) return walk_end;
  const std::size_t first = home(static_cast<std::uint32_t>(from), size_);
  std::size_t last_home = first;
  for (std::size_t i = first; i < slots_.size(); ++i) {
    const Slot slot = slots_[i];
    const std::size_t best = slot == 0 ? i : i - distance_of(slot);
    if (best < first) continue;  // It was seen before.
    if (best > last_home && limit == 0) {
      return best < size_ ? first_hash_of(best) : walk_end;
    }
    last_home = std::max(last_home, best);
    if (slot != 0) visit(*entry_of(slot));
    if (limit > 0) --limit;
  }
  return walk_end;
}

}  // namespace cachekit::memory
