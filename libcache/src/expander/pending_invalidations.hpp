#pragma once

#include "core/mutex.hpp"

#include <atomic>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace cachekit {

/// Keys whose invalidation has not reached the cache yet: it is repeated until it does, and until
/// then nobody of this process believes what the cache says of them.
///
/// Threads: any. Cost of asking while there are none: one load.
class PendingInvalidations {
 public:
  explicit PendingInvalidations(std::size_t most) noexcept : most_(most) {}

  /// False: there are as many as may be, and this one is not kept.
  [[nodiscard]] bool add(std::string_view key);
  /// It has reached the cache, or something newer has.
  void forget(std::string_view key) noexcept;

  [[nodiscard]] bool empty() const noexcept { return count_.load(std::memory_order_acquire) == 0; }
  [[nodiscard]] bool contains(std::string_view key) const noexcept;
  [[nodiscard]] std::size_t count() const noexcept {
    return count_.load(std::memory_order_acquire);
  }
  /// One of them, each in its turn.
  [[nodiscard]] std::optional<std::string> next() const;

 private:
  const std::size_t most_;
  std::atomic<std::size_t> count_{0};
  mutable core::Mutex mutex_;
  std::set<std::string, std::less<>> keys_ CACHEKIT_GUARDED_BY(mutex_);
  mutable std::string last_ CACHEKIT_GUARDED_BY(mutex_){};
};

}  // namespace cachekit
