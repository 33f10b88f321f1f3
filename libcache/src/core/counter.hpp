#pragma once

#include <cachekit/error.hpp>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace cachekit::core {

/// What every backend takes for a counter: a whole number of 64 bits, spelled as it would be
/// written back. Empty for anything else: `05`, `-0`, `+5`, ` 5`, `5 ` and `9223372036854775808`
/// are text. (Redis' own rule: string2ll in its util.c.)
[[nodiscard]] inline std::optional<std::int64_t> parse_counter(std::string_view text) noexcept {
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.starts_with('0') && text != "0") return std::nullopt;
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

/// The error for a value that is not a counter.
[[nodiscard]] inline Error not_a_counter(std::string endpoint = {}) {
  return {
      Errc::rejected, "the value is not a decimal number of 64 bits", std::move(endpoint),
      "counters hold a whole number without leading zeros, signs or spaces; set the key anew to "
      "start over"};
}

/// The error for a sum that is not a counter any more: "9 + 1", or "the sum".
[[nodiscard]] inline Error counter_overflow(std::string sum, std::string endpoint = {}) {
  return {Errc::rejected, std::move(sum) + " is beyond 64 bits", std::move(endpoint),
          "the counter was left as it is; set it anew to start over"};
}

}  // namespace cachekit::core
