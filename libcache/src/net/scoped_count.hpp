#pragma once

#include <atomic>

namespace cachekit::net {

/// Counts a thread as long as it is inside of something.
class ScopedCount {
 public:
  explicit ScopedCount(std::atomic<int>& counter) noexcept
      : counter_(counter), count_(counter.fetch_add(1, std::memory_order_relaxed) + 1) {}
  ~ScopedCount() { counter_.fetch_sub(1, std::memory_order_relaxed); }
  ScopedCount(const ScopedCount&) = delete;
  ScopedCount& operator=(const ScopedCount&) = delete;

  /// How many were inside when this one came, itself included.
  [[nodiscard]] int count() const noexcept { return count_; }

 private:
  std::atomic<int>& counter_;
  int count_;
};

}  // namespace cachekit::net
