#pragma once

#include "memory/entry.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace cachekit::memory {

class Shard;

/// A run of hashes, by their upper halves.
struct HashRange {
  std::uint32_t first = 0;
  std::uint64_t count = 0;

  [[nodiscard]] bool contains(std::uint64_t hash) const noexcept {
    return static_cast<std::uint32_t>(hash >> 32U) - first < count;
  }
};

/// Which shard has which keys.
///
/// The upper half of a key's hash chooses one of a fixed number of slots; each slot has a home, the
/// shard that holds its keys now. A shard is home to a run of neighbouring slots, and is numbered
/// by the first of them. A slot's home changes only while both shards, the old one and the new one,
/// are locked for writing; so who holds the lock of a shard knows whether a slot is at home there,
/// and who has looked the home up without a lock has to look again once it holds it. A shard that
/// was made stays until the table is destroyed, home to something or not.
///
/// Threads: any at once; `make` and `move` one at a time.
class ShardTable {
 public:
  explicit ShardTable(std::size_t slots);
  ~ShardTable();
  ShardTable(const ShardTable&) = delete;
  ShardTable& operator=(const ShardTable&) = delete;

  [[nodiscard]] std::size_t slots() const noexcept { return homes_.size(); }
  [[nodiscard]] std::size_t slot_of(std::uint64_t hash) const noexcept {
    return static_cast<std::size_t>(((hash >> 32U) * homes_.size()) >> 32U);
  }
  [[nodiscard]] Shard& home(std::size_t slot) const noexcept {
    return *homes_[slot].load(std::memory_order_acquire);
  }
  [[nodiscard]] Shard& home_of(const HashedKey& key) const noexcept {
    return home(slot_of(key.hash));
  }
  /// The keys of so many slots.
  [[nodiscard]] HashRange range(std::size_t first, std::size_t slots) const noexcept;
  /// The shard with this number, if it was ever made.
  [[nodiscard]] Shard* made(std::size_t number) const noexcept {
    return made_[number].load(std::memory_order_acquire);
  }
  /// Requires: there is none with this number.
  void make(std::size_t number, std::unique_ptr<Shard> shard) noexcept;
  /// Makes a shard the home of so many slots.
  void move(std::size_t first, std::size_t slots, Shard& shard) noexcept;

  /// All shards that were made, in the order of their numbers.
  template <typename Visit>
  void for_each(const Visit& visit) const {
    for (const std::atomic<Shard*>& one : made_) {
      if (Shard* const shard = one.load(std::memory_order_acquire)) visit(*shard);
    }
  }

 private:
  std::vector<std::atomic<Shard*>> homes_;
  std::vector<std::atomic<Shard*>> made_;
};

}  // namespace cachekit::memory
