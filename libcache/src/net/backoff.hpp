#pragma once

#include <cachekit/deadline.hpp>
#include <cachekit/runtime.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>

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
  void failed(Deadline::clock::time_point now) {
    std::uniform_int_distribution<std::int64_t> part(0, bound_.count() * 1000);
    next_ = now + std::chrono::microseconds(part(random_));
    bound_ = std::min(bound_ * 2, longest);
  }
  [[nodiscard]] Deadline::clock::time_point next() const noexcept { return next_; }
  [[nodiscard]] std::chrono::milliseconds bound() const noexcept { return bound_; }

 private:
  std::minstd_rand random_{static_cast<std::uint32_t>(Runtime::system().random())};
  std::chrono::milliseconds bound_ = first;
  Deadline::clock::time_point next_{};
};

}  // namespace cachekit::net
