#include "harness/load.hpp"

#include "load/cpu_seconds.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <latch>
#include <mutex>
#include <thread>
#include <vector>

namespace cachekit::bench {
namespace {

using Clock = std::chrono::steady_clock;

// Ends a slot when its time is over, or at once when a thread fails.
class Slot {
 public:
  [[nodiscard]] const StopFlag& stop() const noexcept { return stop_; }

  void fail(std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = std::move(failure);
    failed_.notify_one();
  }

  void sleep_until(Clock::time_point end) {
    std::unique_lock lock(mutex_);
    failed_.wait_until(lock, end, [this] { return failure_ != nullptr; });
    stop_ = true;
  }

  void rethrow() {
    const std::lock_guard lock(mutex_);
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  StopFlag stop_{false};
  std::mutex mutex_;  // Guards failure_.
  std::condition_variable failed_;
  std::exception_ptr failure_;
};

}  // namespace

Sample Load::throughput() const {
  return with_figure(static_cast<double>(operations) / elapsed.count());
}

Sample Load::with_figure(double figure) const {
  const double count = std::max(1.0, static_cast<double>(operations));
  return {.figure = figure, .cpu_us_per_op = cpu_us / count};
}

Load run_load(std::size_t threads, Seconds slot_time, const Work& work) {
  Slot slot;
  std::atomic<std::uint64_t> operations{0};
  std::latch start(static_cast<std::ptrdiff_t>(threads) + 1);
  std::vector<std::thread> workers;
  for (std::size_t thread = 0; thread < threads; ++thread) {
    workers.emplace_back([&, thread] {
      start.arrive_and_wait();
      try {
        operations += work(thread, slot.stop());
      } catch (...) {
        slot.fail(std::current_exception());
      }
    });
  }

  const double cpu_before = cli::cpu_seconds();
  const auto begin = Clock::now();
  start.arrive_and_wait();
  slot.sleep_until(begin + std::chrono::duration_cast<Clock::duration>(slot_time));
  for (std::thread& worker : workers) worker.join();
  const Load load{.operations = operations,
                  .elapsed = Clock::now() - begin,
                  .cpu_us = 1e6 * (cli::cpu_seconds() - cpu_before)};
  slot.rethrow();
  return load;
}

}  // namespace cachekit::bench
