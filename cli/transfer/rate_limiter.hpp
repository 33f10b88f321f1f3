#pragma once

#include <cachekit/error.hpp>

#include <chrono>
#include <string_view>

namespace cachekit::cli {

/// Reads "1000/s" or "1000": so many a second.
/// Errors: `invalid_argument` for anything else, and for 0.
[[nodiscard]] Result<double> parse_rate(std::string_view text);

/// A token bucket that holds no more than a tenth of a second's worth, so that a pause is not
/// followed by a burst.
class RateLimiter {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Requires: `per_second` > 0.
  RateLimiter(double per_second, time_point now);

  /// Takes `count` tokens, into debt if need be; gives how long to wait before using them.
  [[nodiscard]] std::chrono::nanoseconds take(std::size_t count, time_point now);

  /// How many to take at a time for an even flow.
  [[nodiscard]] std::size_t burst() const noexcept;

 private:
  double per_second_;
  double tokens_;
  time_point filled_;
};

}  // namespace cachekit::cli
