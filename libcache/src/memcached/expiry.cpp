#include "memcached/expiry.hpp"

#include <cachekit/runtime.hpp>

#include <chrono>
#include <limits>

namespace cachekit::memcached {

Result<std::int64_t> expiry_number(const Ttl& ttl, Runtime::wall_time now) {
  using std::chrono::seconds;
  constexpr seconds longest_relative = std::chrono::hours(24 * 30);
  if (!ttl.expires()) return 0;
  const auto span = std::chrono::ceil<seconds>(ttl.duration());
  if (span <= longest_relative) return span.count();
  const auto date = std::chrono::floor<seconds>(now.time_since_epoch()) + span;
  if (date.count() > std::numeric_limits<std::int32_t>::max()) {
    return fail(Errc::invalid_argument, "memcached holds no expiry after 2038-01-19", {},
                "use a shorter TTL, or none");
  }
  return date.count();
}

}  // namespace cachekit::memcached
