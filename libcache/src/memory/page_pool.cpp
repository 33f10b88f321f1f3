#include "memory/page_pool.hpp"

#include <algorithm>
#include <bit>

#include <sys/mman.h>

namespace cachekit::memory {
namespace {

constexpr std::uint32_t run_mask(std::size_t first, std::size_t pages) noexcept {
  return static_cast<std::uint32_t>(((std::uint64_t{1} << pages) - 1) << first);
}

}  // namespace

PagePool::~PagePool() {
  for (const Region& region : regions_) ::munmap(region.begin, region_size);
}

void* PagePool::allocate(std::size_t pages) {
  if (pages > pages_a_region) return map(pages * page_size);
  const std::lock_guard lock(mutex_);
  for (Region& region : regions_) {
    for (std::size_t first = 0; first + pages <= pages_a_region; ++first) {
      const std::uint32_t wanted = run_mask(first, pages);
      if ((region.taken & wanted) != 0) continue;
      region.taken |= wanted;
      return region.begin + first * page_size;
    }
  }
  regions_.reserve(regions_.size() + 1);
  regions_.push_back({.begin = map(region_size), .taken = run_mask(0, pages)});
  return regions_.back().begin;
}

void PagePool::release(void* run, std::size_t pages) noexcept {
  auto* const begin = static_cast<char*>(run);
  if (pages > pages_a_region) {
    ::munmap(begin, pages * page_size);
    return;
  }
  const std::lock_guard lock(mutex_);
  const auto region = std::find_if(regions_.begin(), regions_.end(), [&](const Region& one) {
    return begin >= one.begin && begin < one.begin + region_size;
  });
  region->taken &= ~run_mask(static_cast<std::size_t>(begin - region->begin) / page_size, pages);
  if (region->taken != 0) return;
  ::munmap(region->begin, region_size);
  *region = regions_.back();
  regions_.pop_back();
}

// Aligned to a region: more is mapped, and what is too much given back.
char* PagePool::map(std::size_t bytes) const {
  void* const mapped = ::mmap(nullptr, bytes + region_size, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  auto* const first = static_cast<char*>(mapped);
  const std::size_t before =
      (region_size - reinterpret_cast<std::uintptr_t>(first) % region_size) % region_size;
  char* const begin = first + before;
  if (before > 0) ::munmap(first, before);
  if (before < region_size) ::munmap(begin + bytes, region_size - before);
#ifdef MADV_HUGEPAGE
  // Advice: without it all works, too.
  ::madvise(begin, bytes, huge_ == HugePages::yes ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
#endif
  return begin;
}

}  // namespace cachekit::memory
