#include "option_types.hpp"

#include "transfer/ttl_text.hpp"
#include "transfer/whole_number.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/units.hpp>

#include <charconv>

#include <fmt/format.h>

namespace cachekit::cli {

Result<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc{} && stopped == end) return number;
  return fail(Errc::invalid_argument,
              fmt::format("'{}' is not a whole number of at most 64 bits", text));
}

Result<std::uint64_t> parse_count(std::string_view text) {
  return parse_whole_number(text).and_then([](std::uint64_t count) -> Result<std::uint64_t> {
    if (count == 0) return fail(Errc::invalid_argument, "needs at least 1");
    return count;
  });
}

Result<std::chrono::milliseconds> parse_timeout(std::string_view text) {
  if (text == "forever") return forever;
  return parse_duration(text).and_then([](auto budget) -> Result<std::chrono::milliseconds> {
    if (budget.count() > 0) return budget;
    return fail(Errc::invalid_argument, "expected more than zero; no limit is spelled forever");
  });
}

ArgumentSpec ttl_argument(std::optional<Ttl>& into, std::string_view help) {
  return {.name = "--ttl",
          .type = "DURATION",
          .unit = Unit::duration,
          .help = help,
          .into = parsed(into, parse_ttl)};
}

}  // namespace cachekit::cli
