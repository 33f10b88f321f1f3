#pragma once

#include <chrono>

namespace cachekit {

/// "No limit", spelled out. Nothing in cachekit defaults to it.
inline constexpr std::chrono::milliseconds forever = std::chrono::milliseconds::max();

/// The moment by which one operation must be over: one monotonic budget for waiting, name
/// resolution, connecting, handshake, writing and reading together.
class Deadline {
 public:
  using clock = std::chrono::steady_clock;

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

  [[nodiscard]] bool expired() const noexcept { return never() ? false : clock::now() >= at_; }
  [[nodiscard]] bool never() const noexcept { return at_ == clock::time_point::max(); }
  [[nodiscard]] clock::time_point at() const noexcept { return at_; }

  /// What is left, rounded up to a millisecond; never negative, `forever` for no limit.
  [[nodiscard]] std::chrono::milliseconds remaining() const noexcept {
    if (never()) return forever;
    const auto left = at_ - clock::now();
    if (left <= clock::duration::zero()) return std::chrono::milliseconds(0);
    return std::chrono::ceil<std::chrono::milliseconds>(left);
  }

  /// The earlier of the two.
  [[nodiscard]] friend Deadline earlier(Deadline a, Deadline b) noexcept {
    return a.at_ < b.at_ ? a : b;
  }

 private:
  explicit Deadline(clock::time_point at) noexcept : at_(at) {}
  clock::time_point at_;
};

}  // namespace cachekit
