#include "memory/page_pool.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <iterator>

#include <sys/mman.h>

namespace cachekit::memory {
namespace {

constexpr std::uint32_t run_mask(std::size_t first, std::size_t pages) noexcept {
  return static_cast<std::uint32_t>(((std::uint64_t{1} << pages) - 1) << first);
}

char* map_anywhere(std::size_t bytes) {
  void* const mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  return static_cast<char*>(mapped);
}

}  // namespace

PagePool::~PagePool() {
  for (const Region& region : regions_) ::munmap(region.begin, region_size);
}

void* PagePool::allocate(std::size_t pages) {
  if (pages > pages_a_region) return map(pages * page_size);
  const core::MutexLock lock(mutex_);
  if (void* const run = take_run(pages)) return run;
  if (regions_.size() == regions_.capacity()) regions_.reserve(regions_.size() * 2 + 1);
  const Region fresh{.begin = map(region_size), .taken = run_mask(0, pages)};
  const auto place = std::ranges::upper_bound(regions_, fresh.begin, {}, &Region::begin);
  first_free_ = std::min(first_free_, static_cast<std::size_t>(place - regions_.begin()));
  regions_.insert(place, fresh);
  return fresh.begin;
}

// The first that is free; null where there is none.
void* PagePool::take_run(std::size_t pages) noexcept {
  constexpr std::uint32_t all = UINT32_MAX;
  while (first_free_ < regions_.size() && regions_[first_free_].taken == all) ++first_free_;
  for (std::size_t i = first_free_; i < regions_.size(); ++i) {
    Region& region = regions_[i];
    if (region.taken == all) continue;
    for (std::size_t first = 0; first + pages <= pages_a_region; ++first) {
      const std::uint32_t wanted = run_mask(first, pages);
      if ((region.taken & wanted) != 0) continue;
      region.taken |= wanted;
      return region.begin + first * page_size;
    }
  }
  return nullptr;
}

void PagePool::release(void* run, std::size_t pages) noexcept {
  auto* const begin = static_cast<char*>(run);
  if (pages > pages_a_region) {
    ::munmap(begin, pages * page_size);
    return;
  }
  const core::MutexLock lock(mutex_);
  const auto after = std::ranges::upper_bound(regions_, begin, {}, &Region::begin);
  const auto region = std::prev(after);
  region->taken &= ~run_mask(static_cast<std::size_t>(begin - region->begin) / page_size, pages);
  first_free_ = std::min(first_free_, static_cast<std::size_t>(region - regions_.begin()));
  if (region->taken != 0) return;
  ::munmap(region->begin, region_size);
  regions_.erase(region);
}

void PagePool::give_back() noexcept {
  constexpr std::size_t step = 16;
  char* from = nullptr;
  for (bool over = false; !over;) {
    const core::MutexLock lock(mutex_);
    auto region = std::ranges::upper_bound(regions_, from, {}, &Region::begin);
    for (std::size_t i = 0; i < step && region != regions_.end(); ++i, ++region) {
      region->give_back();
      from = region->begin;
    }
    over = region == regions_.end();
  }
}

void PagePool::Region::give_back() const noexcept {
  for (std::size_t page = 0; page < pages_a_region;) {
    const std::uint32_t rest = taken >> page;
    const auto zeros = static_cast<std::size_t>(std::countr_zero(rest));
    const std::size_t free = std::min(zeros, pages_a_region - page);
    if (free > 0) ::madvise(begin + page * page_size, free * page_size, MADV_DONTNEED);
    page += free + 1;
  }
}

// Aligned to a region. The kernel mostly puts it beside the last one, and so makes one mapping of
// them, of which a process may have some 65,000 only. Else more is mapped, and what is too much
// given back.
char* PagePool::map(std::size_t bytes) const {
  char* begin = map_anywhere(bytes);
  if (reinterpret_cast<std::uintptr_t>(begin) % region_size != 0) {
    ::munmap(begin, bytes);
    char* const first = map_anywhere(bytes + region_size);
    const std::size_t before =
        (region_size - reinterpret_cast<std::uintptr_t>(first) % region_size) % region_size;
    begin = first + before;
    if (before > 0) ::munmap(first, before);
    if (before < region_size) ::munmap(begin + bytes, region_size - before);
  }
#ifdef MADV_HUGEPAGE
  // Finding: without it all works, too.
  ::madvise(begin, bytes, huge_ == HugePages::yes ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
#endif
  return begin;
}

}  // namespace cachekit::memory
