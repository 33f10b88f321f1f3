#pragma once

#include "memory/entry.hpp"

#include <cstddef>

namespace cachekit::memory {

/// Says which entry of a shard goes first when room is needed: exactly the least recently used one.
///
/// Everything that a policy knows is in here; a shard only reports what happens to its entries.
/// Threads: the shard's mutex guards it. Cost: every member but `consistent` takes constant time.
class EvictionOrder {
 public:
  /// A new entry counts as just used.
  void add(Entry& entry) noexcept {
    entry.older = newest_;
    entry.newer = nullptr;
    (newest_ == nullptr ? oldest_ : newest_->newer) = &entry;
    newest_ = &entry;
  }

  void remove(Entry& entry) noexcept {
    (entry.older == nullptr ? oldest_ : entry.older->newer) = entry.newer;
    (entry.newer == nullptr ? newest_ : entry.newer->older) = entry.older;
    entry.older = entry.newer = nullptr;
  }

  void use(Entry& entry) noexcept {
    if (&entry == newest_) return;
    remove(entry);
    add(entry);
  }

  /// The entry to go first, or nullptr when there is none.
  [[nodiscard]] Entry* victim() const noexcept { return oldest_; }
  /// The one that goes after `entry`.
  [[nodiscard]] static const Entry* after(const Entry& entry) noexcept { return entry.newer; }

  /// Whether the links agree in both directions and hold `count` entries.
  [[nodiscard]] bool consistent(std::size_t count) const noexcept {
    const Entry* previous = nullptr;
    std::size_t seen = 0;
    for (const Entry* entry = oldest_; entry != nullptr && seen <= count; entry = entry->newer) {
      if (entry->older != previous) return false;
      previous = entry;
      ++seen;
    }
    return seen == count && previous == newest_;
  }

 private:
  Entry* oldest_ = nullptr;
  Entry* newest_ = nullptr;
};

}  // namespace cachekit::memory
