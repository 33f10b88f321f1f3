#pragma once

#include "memory/entry.hpp"

#include <cachekit/memory.hpp>

namespace cachekit::memory {

/// Entries that have left a shard while its lock was held, with the cause. They are reported and
/// freed here, after the lock.
///
/// The chain lies in the entries themselves, where the index and the queue had their fields, so
/// leaving takes no memory.
class Departures {
 public:
  Departures() = default;
  ~Departures();
  Departures(const Departures&) = delete;
  Departures& operator=(const Departures&) = delete;

  /// Takes the shard's reference over. Requires: the entry is in no structure of its shard.
  void add(Entry& entry, RemovalCause cause) noexcept;
  /// Whether anything had to make room.
  [[nodiscard]] bool evicted() const noexcept { return evicted_; }
  /// Tells the listener, in the order of leaving.
  void report(const RemovalListener& listener) const;

 private:
  Entry* first_ = nullptr;
  Entry* last_ = nullptr;
  bool evicted_ = false;
};

}  // namespace cachekit::memory
