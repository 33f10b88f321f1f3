#pragma once

#include "memory/entry.hpp"

#include <cstddef>
#include <vector>

namespace cachekit::memory {

/// The entries of a shard that expire, the earliest first: a binary heap whose entries know their
/// place, so that any of them can leave.
///
/// Threads: the shard's mutex guards it. Cost: logarithmic in the entries that expire.
class ExpiryQueue {
 public:
  /// Takes an entry in, unless it does not expire.
  void add(Entry& entry);
  /// Lets an entry go, if it was taken in. Requires: `expires_at` is what it was at `add`.
  void remove(Entry& entry) noexcept;

  /// The entry that expired first, or nullptr when all are alive.
  [[nodiscard]] Entry* expired(Time now) const noexcept {
    return heap_.empty() || !heap_.front()->expired(now) ? nullptr : heap_.front();
  }

  [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }
  /// Whether each entry knows its place and none precedes an earlier one.
  [[nodiscard]] bool consistent() const noexcept;

 private:
  void rise(std::size_t slot) noexcept;
  void sink(std::size_t slot) noexcept;
  void place(Entry& entry, std::size_t slot) noexcept;

  std::vector<Entry*> heap_;
};

}  // namespace cachekit::memory
