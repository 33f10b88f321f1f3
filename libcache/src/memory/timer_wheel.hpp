#pragma once

#include "memory/entry.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace cachekit::memory {

/// The entries of a shard that expire, by the millisecond at which they do: a hierarchical timing
/// wheel (Varghese and Lauck, "Hashed and hierarchical timing wheels", 1987).
///
/// Each level has 64 slots. A slot of the lowest level is one millisecond, one of the next level is
/// as long as all slots of the level below. An entry goes to the level of the highest six bits in
/// which its time differs from the wheel's. When the wheel's time comes to a slot of a higher
/// level, its entries move down, one by one as `due` is called, so no call does it for a million at
/// once; those that have expired are given from where they are, so of entries in one slot the first
/// to expire is not always the first to come. A bit for each slot that is taken lets the wheel's
/// time jump over empty ones.
///
/// Threads: the shard's lock guards it. Cost: constant time; an entry moves at most six times.
class TimerWheel {
 public:
  /// `now` is when its time begins.
  explicit TimerWheel(Time now) noexcept;

  /// Takes an entry in, unless it does not expire.
  void add(Entry& entry);
  /// Lets an entry go, if it was taken in.
  void remove(Entry& entry) noexcept;
  /// For `add` without failing later.
  void reserve();

  /// Makes at most `steps` steps towards `now` and gives an entry that has expired, or nullptr when
  /// there is none or the steps were too few. What is left of `steps` comes back in it.
  [[nodiscard]] Entry* due(Time now, std::size_t& steps) noexcept;

  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  /// Whether every entry is linked where its time belongs.
  [[nodiscard]] bool consistent() const noexcept;

 private:
  static constexpr unsigned level_bits = 6;
  static constexpr std::size_t levels = 7;  // 139 years
  static constexpr std::size_t slots = 64;
  static constexpr std::uint16_t due_slot = levels * slots;

 public:
  /// `Expiry::slot` of an entry that is not in a wheel.
  static constexpr std::uint16_t no_slot = due_slot + 1;

 private:
  using Tick = std::uint64_t;

  struct Slots {
    std::array<Entry*, levels * slots + 1> first{};
    std::array<std::uint64_t, levels> taken{};
  };

  [[nodiscard]] std::uint16_t slot_for(Tick at) const noexcept;
  [[nodiscard]] static std::size_t group(Tick tick, std::size_t level) noexcept {
    return (tick >> (level_bits * level)) % slots;
  }
  void link(Entry& entry, std::uint16_t slot) noexcept;
  void unlink(Entry& entry) noexcept;
  [[nodiscard]] Entry* unsorted() const noexcept;
  [[nodiscard]] bool advance(Tick now) noexcept;
  [[nodiscard]] bool slot_consistent(std::size_t slot, std::size_t& seen) const noexcept;

  Tick tick_;  // Everything that expires up to here is in the due slot, or unsorted.
  std::size_t count_ = 0;
  std::unique_ptr<Slots> slots_;  // Once something expires.
};

}  // namespace cachekit::memory
