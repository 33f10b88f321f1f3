#include "option_types.hpp"

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

std::string at_least_one(const std::string& text) {
  return text.find_first_not_of('0') == std::string::npos ? "needs at least 1" : "";
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
