#pragma once

#include "memory/entry.hpp"

#include <cstddef>
#include <utility>
#include <vector>

namespace cachekit::memory {

/// Owns the entries of a shard, in no order, without gaps.
///
/// Whoever walks it from the end to the front sees every entry that stays, even when others come
/// and go between two steps: new entries are appended behind the walker, and a gap is filled from
/// the end, with an entry that was seen already. So a scan needs a number, and no lock in between.
///
/// Threads: the shard's mutex guards it.
class Roster {
 public:
  Entry& add(EntryPtr entry) {
    entry->roster_slot = static_cast<std::uint32_t>(entries_.size());
    entries_.push_back(std::move(entry));
    return *entries_.back();
  }

  /// Puts an entry into another's place, so that a scan which has yet to come there sees it.
  Entry& replace(const Entry& old, EntryPtr entry) noexcept {
    entry->roster_slot = old.roster_slot;
    EntryPtr& place = entries_[old.roster_slot];
    place = std::move(entry);
    return *place;
  }

  void remove(const Entry& entry) noexcept {
    const std::size_t slot = entry.roster_slot;
    if (slot + 1 != entries_.size()) {
      entries_[slot] = std::move(entries_.back());
      entries_[slot]->roster_slot = static_cast<std::uint32_t>(slot);
    }
    entries_.pop_back();
  }

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] const Entry& at(std::size_t slot) const noexcept { return *entries_[slot]; }

 private:
  std::vector<EntryPtr> entries_;
};

}  // namespace cachekit::memory
