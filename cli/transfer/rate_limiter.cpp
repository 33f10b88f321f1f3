#include "transfer/rate_limiter.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace cachekit::cli {

Result<double> parse_rate(std::string_view text) {
  std::string_view number = text;
  if (number.ends_with("/s")) number.remove_suffix(2);
  double rate = 0;
  const char* const end = number.data() + number.size();
  const auto [stopped, error] = std::from_chars(number.data(), end, rate, std::chars_format::fixed);
  if (error != std::errc{} || stopped != end || !(rate >= 1e-3) || rate > 1e12) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' is not a rate: expected so many a second, such as 1000/s", text));
  }
  return rate;
}

RateLimiter::RateLimiter(double per_second, time_point now)
    : per_second_(per_second), tokens_(0), filled_(now) {}

std::size_t RateLimiter::burst() const noexcept {
  return static_cast<std::size_t>(std::max(1.0, per_second_ / 10));
}

std::chrono::nanoseconds RateLimiter::take(std::size_t count, time_point now) {
  const std::chrono::duration<double> passed = now - filled_;
  tokens_ = std::min(static_cast<double>(burst()), tokens_ + passed.count() * per_second_);
  filled_ = now;
  tokens_ -= static_cast<double>(count);
  if (tokens_ >= 0) return std::chrono::nanoseconds(0);
  const std::chrono::duration<double> wait(-tokens_ / per_second_);
  return std::chrono::ceil<std::chrono::nanoseconds>(wait);
}

}  // namespace cachekit::cli
