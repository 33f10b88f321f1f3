#pragma once

#include "memory/entry.hpp"

#include <cachekit/memory.hpp>

#include <cstdint>
#include <optional>

namespace cachekit::memory {

/// Entries that have left a shard while its lock was held, with the cause. They are taken
/// out to be reported, or freed here, after the lock.
///
/// The chain lies in the entries themselves, where the index and the queue had their fields, so
/// leaving takes no memory.
class RemovedEntries {
 public:
  RemovedEntries() = default;
  ~RemovedEntries();
  RemovedEntries(const RemovedEntries&) = delete;
  RemovedEntries& operator=(const RemovedEntries&) = delete;

  /// Takes the shard's reference over. Empty: only another copy of it takes its place, of which
  /// nobody is told. Requires: the entry is in no structure of its shard.
  void add(Entry& entry, std::optional<RemovalCause> cause) noexcept;
  /// Whether anything had to make room.
  [[nodiscard]] bool evicted() const noexcept { return evicted_; }
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  /// Takes all that the other one has, behind what is here.
  void append(RemovedEntries& other) noexcept;
  /// The one that left first; empty where there is none.
  [[nodiscard]] EntryReference take_first() noexcept;
  /// Why one left that is or was in here.
  [[nodiscard]] static std::optional<RemovalCause> cause_of(const Entry& entry) noexcept {
    const std::uint8_t cause = entry.policy.load(std::memory_order_relaxed);
    return cause == untold ? std::nullopt : std::optional(static_cast<RemovalCause>(cause));
  }

 private:
  static constexpr std::uint8_t untold = 0xFF;

  Entry* first_ = nullptr;
  Entry* last_ = nullptr;
  bool evicted_ = false;
};

}  // namespace cachekit::memory
