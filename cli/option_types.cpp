#include "option_types.hpp"

#include <cachekit/units.hpp>

namespace cachekit::cli {

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
