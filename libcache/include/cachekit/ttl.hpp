#pragma once

#include <cachekit/error.hpp>
#include <cachekit/export.hpp>

#include <chrono>
#include <string>

namespace cachekit {

/// How long an entry lives: a duration in milliseconds, or `Ttl::none()` for no expiry.
///
/// Converts from any `std::chrono` duration: a fraction of a millisecond rounds up, an overflow
/// becomes an invalid TTL instead of a short one. Backends refuse what `validate` refuses.
/// Limits: 1 ms to 10 years (3,650 days).
class Ttl {
 public:
  static constexpr std::chrono::milliseconds max = std::chrono::hours(24 * 3650);

  /// No expiry. Its own value: 0 does not mean it.
  [[nodiscard]] static constexpr Ttl none() noexcept { return Ttl(); }

  template <typename Rep, typename Period>
  constexpr Ttl(
      std::chrono::duration<Rep, Period> duration) noexcept  // NOLINT(google-explicit-constructor)
      : value_(to_milliseconds(duration)), expires_(true) {}

  [[nodiscard]] constexpr bool expires() const noexcept { return expires_; }
  /// Requires: `expires()`.
  [[nodiscard]] constexpr std::chrono::milliseconds duration() const noexcept { return value_; }

  friend constexpr bool operator==(const Ttl&, const Ttl&) = default;

 private:
  constexpr Ttl() = default;

  template <typename Rep, typename Period>
  static constexpr std::chrono::milliseconds to_milliseconds(
      std::chrono::duration<Rep, Period> duration) noexcept {
    const std::chrono::duration<long double> seconds = duration;
    if (seconds > std::chrono::duration<long double>(max)) return std::chrono::milliseconds::max();
    if (seconds.count() <= 0) return std::chrono::milliseconds(0);
    return std::chrono::ceil<std::chrono::milliseconds>(duration);
  }

  std::chrono::milliseconds value_{0};
  bool expires_ = false;
};

/// Errors: `invalid_argument` for a duration of zero or less, or above `Ttl::max`.
[[nodiscard]] CACHEKIT_API Result<void> validate(const Ttl& ttl);

/// "none", or as `format_duration` writes it.
[[nodiscard]] CACHEKIT_API std::string to_string(const Ttl& ttl);

}  // namespace cachekit
