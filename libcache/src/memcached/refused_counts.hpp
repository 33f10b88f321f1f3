#pragma once

#include "core/fork.hpp"
#include "core/mutex.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>

namespace cachekit::memcached {

class CountingCall;

/// The increments that nobody waits for and that take back what they changed, one of each key. What
/// was counted on top of one of them has to be judged as if that had been taken back already.
///
/// Threads: any at once. Lifetime: the key, until it is removed.
class RefusedCounts {
 public:
  /// Calls `join(first)` with the one of this key, if there is one; what that says.
  template <typename Join>
  [[nodiscard]] bool joined(std::string_view key, const Join& join) {
    if (count_.load(std::memory_order_acquire) == 0 || inherited()) return false;
    const core::MutexLock lock(mutex_);
    const auto found = calls_.find(key);
    return found != calls_.end() && join(*found->second);
  }
  /// Goes on with what may be joined: nobody does meanwhile. `step` gives whether it is over.
  template <typename Step>
  void go_on(std::string_view key, CountingCall& call, const Step& step) {
    if (inherited()) return static_cast<void>(step());
    const core::MutexLock lock(mutex_);
    if (!step()) return;
    const auto found = calls_.find(key);
    if (found == calls_.end() || found->second != &call) return;
    calls_.erase(found);
    count_.store(calls_.size(), std::memory_order_release);
  }
  /// In place of another one of this key, which somebody has counted on top of. Errors: throws
  /// `std::bad_alloc`.
  void add(std::string_view key, CountingCall& call) {
    if (inherited()) return;
    const core::MutexLock lock(mutex_);
    calls_.erase(key);  // Its view of the key is its own.
    calls_.emplace(key, &call);
    count_.store(calls_.size(), std::memory_order_release);
  }

 private:
  // In a forked child: what is here is the parent's, and so may be the lock.
  [[nodiscard]] bool inherited() const noexcept { return generation_ != core::fork_generation(); }

  const std::uint32_t generation_ = core::fork_generation();
  core::Mutex mutex_;  // Guards what of the calls may be joined, too.
  std::unordered_map<std::string_view, CountingCall*> calls_ CACHEKIT_GUARDED_BY(mutex_);
  std::atomic<std::size_t> count_{0};
};

}  // namespace cachekit::memcached
