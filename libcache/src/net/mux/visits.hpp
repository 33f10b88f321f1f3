#pragma once

#include <atomic>
#include <thread>

namespace cachekit::net {

/// Keeps a request unsettled while who holds it uses what it belongs to, which may be destroyed as
/// soon as all requests are settled. Threads: one visitor at a time, beside one who closes.
class Visits {
 public:
  /// False once it is closed, or being closed: what the request belongs to is not to be touched.
  [[nodiscard]] bool enter() noexcept {
    visitor_ = std::this_thread::get_id();
    if (!closed_) return true;
    leave();
    return false;
  }
  void leave() noexcept { visitor_ = std::thread::id(); }

  /// Waits for the visitor, unless that is the caller itself. Requires: no lock that one takes is
  /// held.
  void close() noexcept {
    closed_ = true;
    for (auto who = visitor_.load(); who != std::thread::id() && who != std::this_thread::get_id();
         who = visitor_) {
      std::this_thread::yield();
    }
  }

 private:
  std::atomic<bool> closed_{false};
  std::atomic<std::thread::id> visitor_{};
};

}  // namespace cachekit::net
