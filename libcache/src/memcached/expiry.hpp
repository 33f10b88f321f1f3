#pragma once

#include <cachekit/error.hpp>
#include <cachekit/runtime.hpp>
#include <cachekit/ttl.hpp>

#include <cstdint>

namespace cachekit::memcached {

/// A TTL as the protocol writes it: 0 for no expiry, whole seconds (rounded up) to 30 days, and
/// above that a date in seconds since 1970, as which the server reads such numbers.
/// Errors: `invalid_argument` for a date after 2038-01-19, which the servers' 32 bits do not hold:
/// they would say "stored" and drop the entry at once.
[[nodiscard]] Result<std::int64_t> expiry_number(const Ttl& ttl, Runtime::wall_time now);

}  // namespace cachekit::memcached
