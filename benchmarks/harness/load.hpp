#pragma once

#include "harness/contest.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace cachekit::bench {

/// Set when a slot is over.
using StopFlag = std::atomic<bool>;

/// What one thread does until `stop` is set; gives how many operations it finished.
using Work = std::function<std::uint64_t(std::size_t thread, const StopFlag& stop)>;

struct Load {
  std::uint64_t operations = 0;
  Seconds elapsed{0};
  double cpu_us = 0;

  /// Operations a second, and what each cost.
  [[nodiscard]] Sample throughput() const;
  /// A figure of another kind beside what an operation cost.
  [[nodiscard]] Sample with_figure(double figure) const;
};

/// Runs `work` on that many threads for about `slot`. They begin together; the time counts until
/// the last has ended. Errors: what a thread throws, once all have ended.
[[nodiscard]] Load run_load(std::size_t threads, Seconds slot, const Work& work);

/// Repeats an operation until a slot is over; gives how often.
template <class Operation>
std::uint64_t repeat(const StopFlag& stop, Operation operation) {
  std::uint64_t count = 0;
  while (!stop.load(std::memory_order_relaxed)) {
    operation();
    ++count;
  }
  return count;
}

}  // namespace cachekit::bench
