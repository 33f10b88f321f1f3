#include "transfer/ttl_text.hpp"

#include <cachekit/units.hpp>

#include <utility>

namespace cachekit::cli {

Result<Ttl> parse_ttl(std::string_view text) {
  if (text == "none") return Ttl::none();
  return parse_duration(text).and_then([](std::chrono::milliseconds duration) -> Result<Ttl> {
    const Ttl ttl(duration);
    if (Result<void> sound = validate(ttl); !sound) {
      return fail(Errc::invalid_argument, sound.error().message, {},
                  "write none for an entry that does not expire");
    }
    return ttl;
  });
}

}  // namespace cachekit::cli
