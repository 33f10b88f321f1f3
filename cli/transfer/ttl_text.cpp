#include "transfer/ttl_text.hpp"

#include "core/bare_number.hpp"

#include <cachekit/units.hpp>

#include <string>
#include <utility>

namespace cachekit::cli {

namespace {

Result<Ttl> of_duration(std::string_view text) {
  return parse_duration(text).and_then([](std::chrono::milliseconds duration) -> Result<Ttl> {
    const Ttl ttl(duration);
    if (Result<void> sound = validate(ttl); !sound) {
      return fail(Errc::invalid_argument, sound.error().message, {},
                  "write none for an entry that does not expire");
    }
    return ttl;
  });
}

}  // namespace

Result<Ttl> parse_ttl(std::string_view text) {
  if (text == "none") return Ttl::none();
  Result<Ttl> ttl = of_duration(text);
  // Nobody is told to write what would be refused then.
  if (!ttl && core::is_bare_number(text) && !of_duration(std::string(text) + "s")) {
    ttl.error().hint = "the units are ms, s, m, h, d and w; write none for no expiry";
  }
  return ttl;
}

}  // namespace cachekit::cli
