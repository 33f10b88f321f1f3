#pragma once

#include <cachekit/deadline.hpp>
#include <cachekit/runtime.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace cachekit::net {

/// When to try again: full jitter (a random part of a bound that doubles with each failure), so
/// that many clients of a server that was down do not come back all at once. Source: M. Brooker,
/// "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
class Backoff {
 public:
  static constexpr std::chrono::milliseconds first{10};
  static constexpr std::chrono::milliseconds longest{250};

  /// How long to wait after this many failures, at least one, given a random number: for who keeps
  /// nothing but their number.
  [[nodiscard]] static constexpr std::chrono::microseconds pause_after(
      int failures, std::uint64_t random) noexcept {
    constexpr int most_doublings = 8;  // By then it is the longest.
    const auto doubled = first * (1 << std::clamp(failures - 1, 0, most_doublings));
    const std::chrono::microseconds bound = std::min(doubled, longest);
    return std::chrono::microseconds(random % static_cast<std::uint64_t>(bound.count() + 1));
  }

  void succeeded() noexcept {
    bound_ = first;
    next_ = {};
  }
  /// Draws its random number now: most are made for calls that never fail.
  void failed(Deadline::clock::time_point now) noexcept {
    const auto bound = static_cast<std::uint64_t>(std::chrono::microseconds(bound_).count());
    next_ = now + std::chrono::microseconds(Runtime::system().random() % (bound + 1));
    bound_ = std::min(bound_ * 2, longest);
  }
  [[nodiscard]] Deadline::clock::time_point next() const noexcept { return next_; }
  [[nodiscard]] std::chrono::milliseconds bound() const noexcept { return bound_; }

 private:
  std::chrono::milliseconds bound_ = first;
  Deadline::clock::time_point next_{};
};

}  // namespace cachekit::net
