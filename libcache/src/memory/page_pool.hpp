#pragma once

#include "core/mutex.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

namespace cachekit::memory {

/// Whether the kernel is asked to back memory by huge pages. Looking up a random entry of a large
/// cache is mostly waiting, a good part of it for the translation of addresses, of which there are
/// 512 times fewer then; but memory is taken 2 MiB at a time.
enum class HugePages : std::uint8_t { no, yes };

/// Memory in runs of 64-KiB pages, aligned to their size and cut from regions of 2 MiB.
///
/// Threads: all members may be called from any thread at once. Errors: `std::bad_alloc`.
class PagePool {
 public:
  static constexpr std::size_t page_size = std::size_t{64} << 10U;

  explicit PagePool(HugePages huge) : huge_(huge) {}
  /// Requires: all was given back.
  ~PagePool();
  PagePool(const PagePool&) = delete;
  PagePool& operator=(const PagePool&) = delete;

  /// A run of so many pages, at least one. What is in it is not defined.
  [[nodiscard]] void* allocate(std::size_t pages);
  /// Requires: it was allocated here with this number of pages.
  void release(void* run, std::size_t pages) noexcept;
  /// Gives the system the memory of pages that are free in regions of which others are in use; that
  /// takes time, and splits huge pages. Nobody waits for more than a few regions at a time.
  void give_back() noexcept;

  /// For `AtFork`.
  void lock_for_fork() CACHEKIT_ACQUIRE(mutex_) { mutex_.lock(); }
  void unlock_after_fork() noexcept CACHEKIT_RELEASE(mutex_) { mutex_.unlock(); }

 private:
  static constexpr std::size_t pages_a_region = 32;
  static constexpr std::size_t region_size = pages_a_region * page_size;

  struct Region {
    char* begin = nullptr;
    std::uint32_t taken = 0;  // A bit for each page.

    void give_back() const noexcept;
  };

  [[nodiscard]] void* take_run(std::size_t pages) noexcept CACHEKIT_REQUIRES(mutex_);
  [[nodiscard]] char* map(std::size_t bytes) const;

  const HugePages huge_;
  core::Mutex mutex_;
  std::vector<Region> regions_ CACHEKIT_GUARDED_BY(mutex_);  // By address.
  // No region before this one has a free page.
  std::size_t first_free_ CACHEKIT_GUARDED_BY(mutex_) = 0;
};

/// For containers: what is large comes from a pool, the rest (or, without a pool, all) from
/// `operator new`.
template <typename T>
class PageAllocator {
 public:
  using value_type = T;

  PageAllocator() = default;
  explicit PageAllocator(std::shared_ptr<PagePool> pool) : pool_(std::move(pool)) {}
  template <typename Other>
  explicit PageAllocator(const PageAllocator<Other>& other) : pool_(other.pool()) {}

  [[nodiscard]] T* allocate(std::size_t count) {
    if (from_pool(count)) return static_cast<T*>(pool_->allocate(pages(count)));
    return static_cast<T*>(::operator new(count * sizeof(T)));
  }
  void deallocate(T* block, std::size_t count) noexcept {
    if (from_pool(count)) return pool_->release(block, pages(count));
    ::operator delete(block);
  }
  [[nodiscard]] const std::shared_ptr<PagePool>& pool() const noexcept { return pool_; }
  [[nodiscard]] bool operator==(const PageAllocator&) const = default;

 private:
  [[nodiscard]] bool from_pool(std::size_t count) const noexcept {
    return pool_ != nullptr && count * sizeof(T) >= PagePool::page_size;
  }
  [[nodiscard]] static std::size_t pages(std::size_t count) noexcept {
    return (count * sizeof(T) + PagePool::page_size - 1) / PagePool::page_size;
  }

  std::shared_ptr<PagePool> pool_;
};

}  // namespace cachekit::memory
