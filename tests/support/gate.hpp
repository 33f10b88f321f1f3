#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace cachekit::test {

/// Something that has happened or not: how tests and their peers order each other without sleeping.
/// Threads: any.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    opened_.notify_all();
  }
  /// False when it did not open within a generous bound, which is a failed test.
  [[nodiscard]] bool wait(std::chrono::seconds bound = std::chrono::seconds(30)) {
    std::unique_lock lock(mutex_);
    return opened_.wait_for(lock, bound, [&] { return open_; });
  }

 private:
  std::mutex mutex_;  // guards open_
  std::condition_variable opened_;
  bool open_ = false;
};

/// Polls until `condition` holds; false when it does not within a generous bound.
template <typename Condition>
[[nodiscard]] bool eventually(const Condition& condition,
                              std::chrono::seconds bound = std::chrono::seconds(30)) {
  const auto give_up_at = std::chrono::steady_clock::now() + bound;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > give_up_at) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace cachekit::test
