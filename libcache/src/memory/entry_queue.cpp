#include "memory/entry_queue.hpp"

namespace cachekit::memory {

void EntryQueue::reserve() {
  if (spare_count_ == 0) spares_[spare_count_++] = std::make_unique<Block>();
  if (free_numbers_.empty()) {
    // So that neither taking a number nor giving one back can fail.
    free_numbers_.reserve(blocks_.size() + 1);
    blocks_.emplace_back();
    free_numbers_.push_back(static_cast<std::uint32_t>(blocks_.size() - 1));
  }
}

void EntryQueue::push_back(Entry& entry, std::uint32_t stamp) noexcept {
  if (last_ == none || blocks_[last_]->end == block_size) add_block();
  Block& block = *blocks_[last_];
  entry.place = place_of(last_, block.end);
  block.stamps[block.end] = stamp;
  block.entries[block.end++] = &entry;
  ++block.live;
  ++count_;
}

void EntryQueue::remove(const Entry& entry) noexcept {
  const auto id = static_cast<std::uint32_t>(entry.place / block_size);
  Block& block = *blocks_[id];
  block.entries[entry.place % block_size] = nullptr;
  --block.live;
  --count_;
  while (block.begin < block.end && block.entries[block.begin] == nullptr) ++block.begin;
  if (block.live == 0) {
    drop_block(id);
  } else {
    merge_if_sparse(id);
  }
}

void EntryQueue::replace(const Entry& old, Entry& fresh) noexcept {
  slot_of(old) = &fresh;
  fresh.place = old.place;
}

Entry* EntryQueue::front() const noexcept {
  if (first_ == none) return nullptr;
  const Block& block = *blocks_[first_];
  // Who asks for the oldest will soon ask for the next.
  if (block.begin + 1 < block.end) __builtin_prefetch(block.entries[block.begin + 1]);
  return block.entries[block.begin];
}

std::uint32_t EntryQueue::front_stamp() const noexcept {
  const Block& block = *blocks_[first_];
  return block.stamps[block.begin];
}

void EntryQueue::add_block() noexcept {
  const std::uint32_t id = free_numbers_.back();
  free_numbers_.pop_back();
  blocks_[id] = std::move(spares_[--spare_count_]);
  blocks_[id]->previous = last_;
  (last_ == none ? first_ : blocks_[last_]->next) = id;
  last_ = id;
  ++blocks_in_use_;
}

void EntryQueue::drop_block(std::uint32_t id) noexcept {
  Block& block = *blocks_[id];
  (block.previous == none ? first_ : blocks_[block.previous]->next) = block.next;
  (block.next == none ? last_ : blocks_[block.next]->previous) = block.previous;
  if (spare_count_ < spares_.size()) {
    block = Block();
    spares_[spare_count_++] = std::move(blocks_[id]);
  } else {
    blocks_[id].reset();
  }
  free_numbers_.push_back(id);
  --blocks_in_use_;
}

// At the front and at the back blocks are part empty anyway; only gaps in the middle are a waste.
void EntryQueue::merge_if_sparse(std::uint32_t id) noexcept {
  const Block& block = *blocks_[id];
  if (block.live > block_size / 4) return;
  if (block.next != none && block.live + blocks_[block.next]->live <= block_size / 2) {
    absorb_next(id);
  } else if (block.previous != none &&
             block.live + blocks_[block.previous]->live <= block_size / 2) {
    absorb_next(block.previous);
  }
}

void EntryQueue::absorb_next(std::uint32_t id) noexcept {
  Block& block = *blocks_[id];
  const std::uint32_t next = block.next;
  Block merged;
  for (const std::uint32_t from : {id, next}) {
    const Block& source = *blocks_[from];
    for (std::size_t i = source.begin; i < source.end; ++i) {
      Entry* const entry = source.entries[i];
      if (entry == nullptr) continue;
      entry->place = place_of(id, merged.end);
      merged.stamps[merged.end] = source.stamps[i];
      merged.entries[merged.end++] = entry;
    }
  }
  merged.live = merged.end;
  merged.previous = block.previous;
  merged.next = next;
  block = merged;
  drop_block(next);
}

bool EntryQueue::consistent() const {
  std::size_t seen = 0;
  std::uint32_t previous = none;
  for (std::uint32_t id = first_; id != none; id = blocks_[id]->next) {
    const Block& block = *blocks_[id];
    std::size_t live = 0;
    for (std::size_t i = 0; i < block_size; ++i) {
      const Entry* const entry = block.entries[i];
      if (entry == nullptr) continue;
      if (i < block.begin || i >= block.end || entry->place != place_of(id, i)) return false;
      ++live;
    }
    if (live != block.live || live == 0 || block.previous != previous) return false;
    if (block.entries[block.begin] == nullptr) return false;
    seen += live;
    previous = id;
  }
  return seen == count_ && previous == last_;
}

}  // namespace cachekit::memory
