#pragma once

#include "config/backends/backend_type.hpp"

namespace cachekit::config::backends {

extern const BackendType memory_type;
extern const BackendType redis_type;
extern const BackendType memcached_type;

}  // namespace cachekit::config::backends
