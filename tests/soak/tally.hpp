#pragma once

#include <cachekit/error.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace cachekit::soak {

using clock = std::chrono::steady_clock;

/// A call that came back after its budget + 10 % + grace.
struct LateCall {
  clock::time_point begun;
  clock::time_point ended;
  clock::duration overshoot;  ///< Beyond budget + 10 %.
  clock::duration waited;     ///< Of all of it, for a processor.
  std::chrono::milliseconds budget;
  const char* operation;
  const char* fault;  ///< The one under way, or the last one.
};

/// What all threads saw together. Threads: any.
class Tally {
 public:
  static constexpr std::size_t codes = static_cast<std::size_t>(Errc::loader_failed) + 1;

  std::atomic<std::uint64_t> begun{0};  ///< Calls.
  std::atomic<std::uint64_t> completed{0};
  std::atomic<std::uint64_t> succeeded{0};
  std::atomic<std::uint64_t> hits{0};
  std::atomic<std::uint64_t> misses{0};
  std::atomic<std::uint64_t> wrong{0};
  std::atomic<std::uint64_t> doubled{0};  ///< Of the wrong ones, counts that are too high.
  std::atomic<std::uint64_t> out_of_order{0};
  std::atomic<std::uint64_t> refused_allocations{0};
  /// As long as bytes that nobody asked for may be seen.
  std::atomic<clock::time_point> strays_until{clock::time_point{}};
  std::atomic<std::uint64_t> lost_with_server{0};  ///< Values that a killed server forgot.
  std::atomic<std::int64_t> longest_overshoot_us{0};
  std::atomic<const char*> last_fault{"none"};
  std::array<std::atomic<std::uint64_t>, codes> errors{};

  void count_error(Errc code) { ++errors[static_cast<std::size_t>(code)]; }

  void wrong_answer(std::string what) {
    ++wrong;
    violation("wrong answer: " + std::move(what));
  }
  void violation(std::string what) {
    const std::lock_guard lock(mutex_);
    if (violations_.size() < 20) violations_.push_back(std::move(what));
    ++violation_count_;
  }
  void late(const LateCall& call) {
    const std::lock_guard lock(mutex_);
    late_.push_back(call);
  }

  [[nodiscard]] std::vector<std::string> violations() const {
    const std::lock_guard lock(mutex_);
    return violations_;
  }
  [[nodiscard]] std::uint64_t violation_count() const {
    const std::lock_guard lock(mutex_);
    return violation_count_;
  }
  [[nodiscard]] std::vector<LateCall> late_calls() const {
    const std::lock_guard lock(mutex_);
    return late_;
  }

 private:
  mutable std::mutex mutex_;             // guards the members below
  std::vector<std::string> violations_;  // The first ones.
  std::uint64_t violation_count_ = 0;
  std::vector<LateCall> late_;
};

}  // namespace cachekit::soak
