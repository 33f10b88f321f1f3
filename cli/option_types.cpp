#include "option_types.hpp"

#include "data/whole_number.hpp"

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

Result<Ttl> parse_ttl(std::string_view text) {
  if (text == "none") return Ttl::none();
  return parse_duration(text).and_then([](std::chrono::milliseconds duration) -> Result<Ttl> {
    const Ttl ttl(duration);
    if (Result<void> sound = validate(ttl); !sound) return fail(std::move(sound).error());
    return ttl;
  });
}

CLI::Option* add_ttl(CLI::App& app, std::optional<Ttl>& into, const std::string& help) {
  return add_parsed(app, "--ttl", into, parse_ttl, help)->type_name("DURATION");
}

}  // namespace cachekit::cli
