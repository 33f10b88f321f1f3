#pragma once

#include <cachekit/export.hpp>

#include <atomic>
#include <chrono>

namespace cachekit {

/// The time that deadlines count by, which never steps: that of the runtime of the calling thread
/// (`Runtime::current()`), which is the machine's unless a thread runs in a virtual one.
///
/// Threads: any. Async-signal-safe. Cost: that of `std::chrono::steady_clock`, and one load.
class CACHEKIT_API SteadyClock {
 public:
  using duration = std::chrono::steady_clock::duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr bool is_steady = true;

  [[nodiscard]] static time_point now() noexcept {
    if (replacements.load(std::memory_order_relaxed) == 0) [[likely]] {
      return std::chrono::steady_clock::now();
    }
    return now_of_current();
  }

 private:
  friend class RuntimeScope;

  [[nodiscard]] static time_point now_of_current() noexcept;

  // Threads that have another runtime than the process's just now.
  inline static std::atomic<int> replacements{0};
};

}  // namespace cachekit
