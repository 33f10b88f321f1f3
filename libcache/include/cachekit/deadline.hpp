#pragma once

#include <cachekit/export.hpp>
#include <cachekit/steady_clock.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>

namespace cachekit {

/// "No limit", spelled out. Nothing in cachekit defaults to it.
inline constexpr std::chrono::milliseconds forever = std::chrono::milliseconds::max();

/// The moment by which one operation must be over: one monotonic budget for waiting, name
/// resolution, connecting, handshake, writing and reading together.
class CACHEKIT_API Deadline {
 public:
  using clock = SteadyClock;

  [[nodiscard]] static Deadline after(std::chrono::milliseconds budget) noexcept {
    return after(budget, clock::now());
  }
  /// The same for a budget that began at `start`. One that leads past what the clock can count
  /// (about 292 years) is no limit; one below zero is over.
  [[nodiscard]] static Deadline after(std::chrono::milliseconds budget,
                                      clock::time_point start) noexcept {
    constexpr auto countable =
        std::chrono::floor<std::chrono::milliseconds>(clock::duration::max());
    if (budget <= std::chrono::milliseconds::zero()) return Deadline(start);
    if (budget > countable) return Deadline(clock::time_point::max());
    const clock::duration span = budget;
    return span < clock::time_point::max() - start ? Deadline(start + span)
                                                   : Deadline(clock::time_point::max());
  }

  /// No deadline of this process is later than `at` from now on, those that waits under way have
  /// included, but for deadlines without a limit: whoever waits for a server comes back within
  /// 0.2 s of it, as when its own time had run out. For a program that was told to end.
  /// Async-signal-safe.
  static void cut_all(clock::time_point at) noexcept {
    latest.store(at.time_since_epoch().count(), std::memory_order_relaxed);
  }
  /// The opposite: for what has yet to be done before the program ends.
  static void uncut_all() noexcept { cut_all(clock::time_point::max()); }

  [[nodiscard]] bool expired() const noexcept { return never() ? false : clock::now() >= at(); }
  [[nodiscard]] bool never() const noexcept { return at_ == clock::time_point::max(); }
  [[nodiscard]] clock::time_point at() const noexcept {
    if (never()) return at_;
    const clock::duration cut(latest.load(std::memory_order_relaxed));
    return std::min(at_, clock::time_point(cut));
  }

  /// What is left, rounded up to a millisecond; never negative, `forever` for no limit.
  [[nodiscard]] std::chrono::milliseconds remaining() const noexcept {
    if (never()) return forever;
    const auto left = at() - clock::now();
    if (left <= clock::duration::zero()) return std::chrono::milliseconds(0);
    return std::chrono::ceil<std::chrono::milliseconds>(left);
  }

  /// The earlier of the two.
  [[nodiscard]] friend Deadline earlier(Deadline a, Deadline b) noexcept {
    return a.at_ < b.at_ ? a : b;
  }

 private:
  explicit Deadline(clock::time_point at) noexcept : at_(at) {}

  inline static std::atomic<clock::rep> latest{clock::time_point::max().time_since_epoch().count()};
  static_assert(std::atomic<clock::rep>::is_always_lock_free, "a signal handler stores it");

  clock::time_point at_;
};

}  // namespace cachekit
