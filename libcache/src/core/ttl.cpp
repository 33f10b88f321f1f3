#include <cachekit/ttl.hpp>
#include <cachekit/units.hpp>

namespace cachekit {

Result<void> validate(const Ttl& ttl) {
  if (!ttl.expires()) return {};
  if (ttl.duration() <= std::chrono::milliseconds::zero()) {
    return fail(Errc::invalid_argument, "a TTL must be more than zero", {},
                "for an entry that does not expire, leave the TTL out (Ttl::none())");
  }
  if (ttl.duration() > Ttl::max) {
    return fail(Errc::invalid_argument, "a TTL of more than 10 years (3650d) is refused", {},
                "for an entry that does not expire, leave the TTL out (Ttl::none())");
  }
  return {};
}

std::string to_string(const Ttl& ttl) {
  return ttl.expires() ? format_duration(ttl.duration()) : "none";
}

}  // namespace cachekit
