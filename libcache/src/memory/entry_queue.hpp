#pragma once

#include "memory/entry.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace cachekit::memory {

/// Entries in an order of their own, from the front (oldest) to the back: a list of small blocks of
/// addresses ("unrolled linked list").
///
/// It takes little more than the twelve bytes of an address and a stamp for each entry, and neither
/// joining nor leaving touches another entry, where the links of a plain list would bring two more
/// cache lines in. An entry's `place` says block and position. An entry that leaves from the middle
/// leaves a gap; blocks that are mostly gaps are merged with a neighbour, so at least a quarter of
/// all places is taken.
///
/// Threads: the shard's lock guards it. Cost: constant time, and now and then one merge, of at most
/// `block_size` entries.
class EntryQueue {
 public:
  /// `stamp` is for whoever asks `front_stamp` later. Requires: `reserve`.
  void push_back(Entry& entry, std::uint32_t stamp = 0) noexcept;
  /// Makes room, so that `block_size` calls of `push_back` cannot fail.
  void reserve();
  /// Requires: the entry is in this queue.
  void remove(const Entry& entry) noexcept;
  /// Puts an entry into another's place, with its stamp.
  void replace(const Entry& old, Entry& fresh) noexcept;

  /// The oldest entry, or nullptr.
  [[nodiscard]] Entry* front() const noexcept;
  /// What was given when it joined. Requires: the queue is not empty.
  [[nodiscard]] std::uint32_t front_stamp() const noexcept;
  /// The same of any entry. Requires: the entry is in this queue.
  [[nodiscard]] std::uint32_t stamp_of(const Entry& entry) const noexcept {
    return block_of(entry).stamps[entry.place % block_size];
  }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  /// In bytes, of the blocks.
  [[nodiscard]] std::size_t bytes() const noexcept { return blocks_in_use_ * sizeof(Block); }

  /// From the front to the back.
  template <typename Visit>
  void for_each(const Visit& visit) const {
    for (std::uint32_t id = first_; id != none; id = blocks_[id]->next) {
      for (Entry* const entry : blocks_[id]->entries) {
        if (entry != nullptr) visit(*entry);
      }
    }
  }
  /// Whether every entry knows its place and the blocks agree with each other.
  [[nodiscard]] bool consistent() const;

  static constexpr std::size_t block_size = 64;

 private:
  static constexpr std::uint32_t none = UINT32_MAX;

  struct Block {
    std::uint32_t next = none;
    std::uint32_t previous = none;
    std::uint16_t begin = 0;  // Before it there are only gaps.
    std::uint16_t end = 0;    // From here on nothing was used yet.
    std::uint16_t live = 0;
    std::array<Entry*, block_size> entries{};
    std::array<std::uint32_t, block_size> stamps{};
  };

  [[nodiscard]] static std::uint32_t place_of(std::uint32_t block, std::size_t position) noexcept {
    return block * static_cast<std::uint32_t>(block_size) + static_cast<std::uint32_t>(position);
  }
  [[nodiscard]] Block& block_of(const Entry& entry) const noexcept {
    return *blocks_[entry.place / block_size];
  }
  [[nodiscard]] Entry*& slot_of(const Entry& entry) const noexcept {
    return block_of(entry).entries[entry.place % block_size];
  }
  void add_block() noexcept;
  void drop_block(std::uint32_t id) noexcept;
  void merge_if_sparse(std::uint32_t id) noexcept;
  void absorb_next(std::uint32_t id) noexcept;

  std::vector<std::unique_ptr<Block>> blocks_;  // By number; empty for those in free_numbers_.
  std::vector<std::uint32_t> free_numbers_;
  // Two, so that a queue that gains at the back what it loses at the front needs no new ones.
  std::array<std::unique_ptr<Block>, 2> spares_{};
  std::size_t spare_count_ = 0;
  std::size_t blocks_in_use_ = 0;
  std::uint32_t first_ = none;
  std::uint32_t last_ = none;
  std::size_t count_ = 0;
};

}  // namespace cachekit::memory
