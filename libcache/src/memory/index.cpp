#include "memory/index.hpp"

#include <new>
#include <utility>

namespace cachekit::memory {
namespace {

// Fuller than that, searches take long; how large it grows then; emptier than that, it shrinks.
constexpr std::size_t fullest(std::size_t size) noexcept { return size - size / 8; }
constexpr std::size_t grown(std::size_t size) noexcept { return size + size / 4; }
constexpr std::size_t cache_line = 64;
constexpr std::size_t emptiest(std::size_t size) noexcept { return size / 4; }

}  // namespace

Index::Index(std::shared_ptr<PagePool> pool) : slots_(PageAllocator<Slot>(std::move(pool))) {
  slots_ = make_slots(least_size);
  publish();
}

Entry* Index::find(std::uint32_t hash, std::string_view key) const noexcept {
  constexpr Slot ones = Slot{1} << distance_shift;
  // Distance and tag of an entry with this hash, at each place of the search.
  Slot wanted = static_cast<Slot>(hash) << tag_shift;
  const Slot* slot = slots_.data() + home(hash, size_);
  for (std::size_t distance = 0;; ++distance, ++slot, wanted += ones) {
    if (*slot == 0 || distance_of(*slot) < distance) return nullptr;
    if ((*slot ^ wanted) >> distance_shift == 0) {
      Entry* const entry = entry_of(*slot);
      __builtin_prefetch(reinterpret_cast<const char*>(entry) + cache_line);
      __builtin_prefetch(reinterpret_cast<const char*>(entry) + 2 * cache_line);
      if (entry->hash == hash && entry->key() == key) return entry;
    }
  }
}

void Index::reserve_one() {
  if (count_ + 1 > fullest(size_)) rebuild(grown(size_));
}

void Index::insert(Entry& entry) {
  reserve_one();
  while (!place(slots_, size_, entry)) rebuild(grown(size_));
  ++count_;
}

// Says false, and has changed nothing, where an entry would come to lie too far from its home. With
// a seeded hash that does not happen in practice.
bool Index::place(Slots& slots, std::size_t size, const Entry& entry) noexcept {
  const std::size_t best = home(entry.hash, size);
  std::size_t at = best;
  for (; slots[at] != 0 && at - best <= distance_of(slots[at]); ++at) {
  }
  std::size_t end = at;
  for (; slots[end] != 0; ++end) {
    if (distance_of(slots[end]) == max_distance) return false;
  }
  if (at - best > max_distance || end + 1 >= slots.size()) return false;
  for (; end > at; --end) slots[end] = slots[end - 1] + (Slot{1} << distance_shift);
  slots[at] = slot_of(entry, at - best);
  return true;
}

void Index::replace(const Entry& old, Entry& fresh) noexcept {
  const std::size_t at = position_of(old);
  slots_[at] = slot_of(fresh, distance_of(slots_[at]));
}

void Index::erase(const Entry& entry) noexcept {
  std::size_t at = position_of(entry);
  for (; slots_[at + 1] != 0 && distance_of(slots_[at + 1]) > 0; ++at) {
    slots_[at] = slots_[at + 1] - (Slot{1} << distance_shift);
  }
  slots_[at] = 0;
  --count_;
}

void Index::shrink() noexcept {
  if (size_ == least_size || count_ >= emptiest(size_)) return;
  try {
    rebuild(std::max(least_size, count_ * 3 / 2));
  } catch (const std::bad_alloc&) {  // It is good as it is, too.
  }
}

std::size_t Index::position_of(const Entry& entry) const noexcept {
  const std::size_t best = home(entry.hash, size_);
  std::size_t at = best;
  while (slots_[at] != slot_of(entry, at - best)) ++at;
  return at;
}

// The pool gives whole pages: what would be left of the last one is used, too.
std::size_t Index::fill_pages(std::size_t size) const noexcept {
  constexpr std::size_t slots_a_page = PagePool::page_size / sizeof(Slot);
  const std::size_t all = size + max_distance + 1;
  if (slots_.get_allocator().pool() == nullptr || all < slots_a_page) return size;
  return (all + slots_a_page - 1) / slots_a_page * slots_a_page - max_distance - 1;
}

void Index::rebuild(std::size_t size) {
  size = fill_pages(size);
  constexpr std::size_t ahead = 8;
  while (true) {
    Slots fresh = make_slots(size);
    bool fits = true;
    for (std::size_t i = 0; i < slots_.size() && fits; ++i) {
      if (i + ahead < slots_.size()) __builtin_prefetch(entry_of(slots_[i + ahead]));
      if (slots_[i] != 0) fits = place(fresh, size, *entry_of(slots_[i]));
    }
    if (fits) {
      slots_ = std::move(fresh);
      size_ = size;
      publish();
      return;
    }
    size = grown(size);
  }
}

bool Index::consistent() const {
  std::size_t seen = 0;
  std::size_t last_home = 0;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i] == 0) continue;
    ++seen;
    const Entry& entry = *entry_of(slots_[i]);
    const std::size_t best = home(entry.hash, size_);
    if (slots_[i] != slot_of(entry, i - best)) return false;
    if (best > i || best < last_home) return false;
    // Between its home and its place there is no gap.
    if (best < i && slots_[i - 1] == 0) return false;
    last_home = best;
  }
  return seen == count_ && count_ <= fullest(size_);
}

}  // namespace cachekit::memory
