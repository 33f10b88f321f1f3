#pragma once

#include <cachekit/error.hpp>
#include <cachekit/memcached.hpp>

namespace cachekit::memcached {

/// Whether numbers and durations make sense together; the server list has its own check.
/// Errors: `invalid_argument`, naming the field.
[[nodiscard]] Result<void> check_config(const MemcachedConfig& config);

}  // namespace cachekit::memcached
