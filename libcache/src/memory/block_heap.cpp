#include "memory/block_heap.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <new>
#include <utility>

namespace cachekit::memory {

namespace {

// Blocks to be taken back at a time; a call frees one or two, mostly.
constexpr std::size_t portion = 64;

}  // namespace

BlockHeap::~BlockHeap() {
  while (first_page_ != nullptr) drop_page(*first_page_);
}

void* BlockHeap::allocate(std::size_t bytes) {
  collect();
  const std::size_t granules = rounded_up(bytes) / granule;
  Run* run = first_fit(granules);
  if (run == nullptr && taken_ != nullptr) {
    collect();
    run = first_fit(granules);
  }
  if (run == nullptr) {
    add_page();
    run = first_fit(granules);
  }
  Page& page = page_of(run);
  const std::size_t begin = position_in(page, run);
  const std::size_t end = begin + run->granules;
  unlist(page, begin, end);
  mark(page, begin, begin + granules, true);
  list(page, begin + granules, end);
  ++blocks_;
  return run;
}

void BlockHeap::free(void* block, std::size_t bytes) noexcept {
  BlockHeap& heap = *page_of(block).heap;
  Freed* top = heap.freed_.load(std::memory_order_acquire);
  Freed* freed = nullptr;
  do {
    if (top == &heap.closed_) return heap.leave();
    freed = new (block) Freed{.next = top, .bytes = bytes};
  } while (!heap.freed_.compare_exchange_weak(top, freed, std::memory_order_release,
                                              std::memory_order_acquire));
}

// After `close`, whoever takes the number of blocks to zero sees the heap off: `close` adds those
// that are out once it knows them, so until then the number is below zero or zero.
void BlockHeap::leave() noexcept {
  if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

void BlockHeap::close() noexcept {
  constexpr std::size_t all = SIZE_MAX;
  static_cast<void>(take_back(std::exchange(taken_, nullptr), all));
  static_cast<void>(take_back(freed_.exchange(&closed_, std::memory_order_acq_rel), all));
  const auto out = static_cast<std::int64_t>(blocks_);
  if (left_.fetch_add(out, std::memory_order_acq_rel) + out == 0) delete this;
}

bool BlockHeap::take_freed() noexcept {
  if (taken_ == nullptr) taken_ = freed_.exchange(nullptr, std::memory_order_acquire);
  taken_ = take_back(taken_, portion);
  return taken_ == nullptr;
}

// A block that is freed makes one run with those beside it. What is left of the stack comes back.
BlockHeap::Freed* BlockHeap::take_back(Freed* stack, std::size_t most) noexcept {
  for (; stack != nullptr && most > 0; --most) {
    const Freed block = *stack;
    Page& page = page_of(stack);
    const std::size_t begin = position_in(page, stack);
    const std::size_t end = begin + rounded_up(block.bytes) / granule;
    stack = block.next;
    --blocks_;

    const std::size_t left = run_begin(page, begin);
    const std::size_t right = run_end(page, end);
    unlist(page, left, begin);
    unlist(page, end, right);
    mark(page, begin, end, false);
    if (left == header && right == granules_a_page && pages_ > 1) {
      drop_page(page);
    } else {
      list(page, left, right);
    }
  }
  return stack;
}

void BlockHeap::add_page() {
  Page& page = *new (pool_->allocate(1)) Page{.heap = this, .next = first_page_};
  if (first_page_ != nullptr) first_page_->previous = &page;
  first_page_ = &page;
  ++pages_;
  mark(page, 0, header, true);
  list(page, header, granules_a_page);
}

void BlockHeap::drop_page(Page& page) noexcept {
  (page.previous == nullptr ? first_page_ : page.previous->next) = page.next;
  if (page.next != nullptr) page.next->previous = page.previous;
  --pages_;
  pool_->release(&page, 1);
}

BlockHeap::Page& BlockHeap::page_of(const void* block) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(block);
  return *reinterpret_cast<Page*>(  // NOLINT(performance-no-int-to-ptr): pages are aligned
      address & ~(std::uintptr_t{PagePool::page_size} - 1));
}

std::size_t BlockHeap::position_in(const Page& page, const void* block) noexcept {
  return static_cast<std::size_t>(static_cast<const char*>(block) -
                                  reinterpret_cast<const char*>(&page)) /
         granule;
}

BlockHeap::Run* BlockHeap::run_at(Page& page, std::size_t position) noexcept {
  return reinterpret_cast<Run*>(reinterpret_cast<char*>(&page) + position * granule);
}

void BlockHeap::mark(Page& page, std::size_t begin, std::size_t end, bool taken) noexcept {
  while (begin < end) {
    const std::size_t bit = begin % word_bits;
    const std::size_t count = std::min(end - begin, word_bits - bit);
    const std::uint64_t bits = (~std::uint64_t{0} >> (word_bits - count)) << bit;
    std::uint64_t& word = page.taken[begin / word_bits];
    word = taken ? word | bits : word & ~bits;
    begin += count;
  }
}

// Where the free run that ends here begins; here, if there is none.
std::size_t BlockHeap::run_begin(const Page& page, std::size_t position) noexcept {
  std::size_t word = (position - 1) / word_bits;  // The header is taken, so this ends.
  std::uint64_t taken =
      page.taken[word] & (~std::uint64_t{0} >> (word_bits - 1 - (position - 1) % word_bits));
  while (taken == 0) taken = page.taken[--word];
  return word * word_bits + static_cast<std::size_t>(std::bit_width(taken));
}

// Where the free run that begins here ends; here, if there is none.
std::size_t BlockHeap::run_end(const Page& page, std::size_t position) noexcept {
  if (position == granules_a_page) return position;
  std::size_t word = position / word_bits;
  std::uint64_t taken = page.taken[word] & (~std::uint64_t{0} << (position % word_bits));
  while (taken == 0) {
    if (++word == page.taken.size()) return granules_a_page;
    taken = page.taken[word];
  }
  return word * word_bits + static_cast<std::size_t>(std::countr_zero(taken));
}

std::size_t BlockHeap::list_of(std::size_t granules) noexcept {
  if (granules < exact) return granules;
  const auto log = static_cast<std::size_t>(std::bit_width(granules)) - 1;
  return exact + (log - exact_log) * 4 + ((granules >> (log - 2)) & 3U);
}

void BlockHeap::list(Page& page, std::size_t begin, std::size_t end) noexcept {
  if (end - begin < least_run) return;
  const std::size_t number = list_of(end - begin);
  Run* const run = new (run_at(page, begin)) Run{.next = runs_[number], .granules = end - begin};
  if (run->next != nullptr) run->next->previous = run;
  runs_[number] = run;
  not_empty_[number / word_bits] |= std::uint64_t{1} << (number % word_bits);
}

void BlockHeap::unlist(Page& page, std::size_t begin, std::size_t end) noexcept {
  if (end - begin < least_run) return;
  const Run& run = *run_at(page, begin);
  const std::size_t number = list_of(end - begin);
  if (run.next != nullptr) run.next->previous = run.previous;
  if (run.previous != nullptr) {
    run.previous->next = run.next;
    return;
  }
  runs_[number] = run.next;
  if (run.next == nullptr) {
    not_empty_[number / word_bits] &= ~(std::uint64_t{1} << (number % word_bits));
  }
}

// The list where a length would go may hold shorter runs: a few of it are looked at. All in longer
// lists will do.
BlockHeap::Run* BlockHeap::first_fit(std::size_t granules) const noexcept {
  constexpr int looks = 8;
  std::size_t number = list_of(granules);
  Run* run = runs_[number];
  for (int i = 0; i < looks && run != nullptr; ++i, run = run->next) {
    if (run->granules >= granules) return run;
  }
  ++number;
  std::size_t word = number / word_bits;
  std::uint64_t candidates = not_empty_[word] & (~std::uint64_t{0} << (number % word_bits));
  while (candidates == 0) {
    if (++word == not_empty_.size()) return nullptr;
    candidates = not_empty_[word];
  }
  return runs_[word * word_bits + static_cast<std::size_t>(std::countr_zero(candidates))];
}

bool BlockHeap::consistent() const {
  std::size_t listed = 0;
  for (std::size_t number = 0; number < lists; ++number) {
    const bool marked = ((not_empty_[number / word_bits] >> (number % word_bits)) & 1U) != 0;
    if (marked != (runs_[number] != nullptr)) return false;
    const Run* previous = nullptr;
    for (const Run* run = runs_[number]; run != nullptr; run = run->next) {
      const Page& page = page_of(run);
      const std::size_t begin = position_in(page, run);
      if (run->previous != previous || list_of(run->granules) != number) return false;
      if (run_begin(page, begin) != begin || run_end(page, begin) != begin + run->granules) {
        return false;
      }
      previous = run;
      ++listed;
    }
  }
  std::size_t pages = 0;
  for (const Page* page = first_page_; page != nullptr; page = page->next) {
    ++pages;
    if (page->heap != this) return false;
    for (std::size_t i = header; i < granules_a_page; ++i) {
      const std::size_t end = run_end(*page, i);
      if (end - i >= least_run) --listed;
      i = end;  // That one is taken.
    }
  }
  return pages == pages_ && listed == 0;
}

}  // namespace cachekit::memory
