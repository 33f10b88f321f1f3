#include "transfer/ttl_jitter.hpp"

#include <cachekit/units.hpp>

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

bool read_number(std::string_view text, double& number) {
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  return error == std::errc{} && stopped == end;
}

}  // namespace

Result<Jitter> parse_jitter(std::string_view text) {
  const bool percent = text.ends_with('%');
  double number = 0;
  if (read_number(text.substr(0, text.size() - (percent ? 1 : 0)), number)) {
    const double fraction = percent ? number / 100 : number;
    if (fraction >= 0 && fraction <= 1) return Jitter{fraction, {}};
    if (!percent && number > 1) return fail(parse_duration(text).error());
  } else if (const auto duration = parse_duration(text)) {
    return Jitter{0, *duration};
  }
  return fail(
      Errc::invalid_argument,
      fmt::format("'{}' is not a jitter: expected a part of the TTL such as 0.1 or 10%, or a "
                  "duration such as 30s",
                  text));
}

Ttl TtlJitter::apply(const Ttl& ttl) {
  if (!ttl.expires()) return ttl;
  const std::int64_t whole = ttl.duration().count();
  const auto part = static_cast<std::int64_t>(static_cast<double>(whole) * jitter_.fraction);
  const std::int64_t most = std::min(std::max(part, jitter_.duration.count()), whole - 1);
  if (most <= 0) return ttl;
  std::uniform_int_distribution<std::int64_t> shorter(0, most);
  return std::chrono::milliseconds(whole - shorter(random_));
}

}  // namespace cachekit::cli
