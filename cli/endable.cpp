#include "endable.hpp"

#include <algorithm>
#include <chrono>

namespace cachekit::cli {

Settings endable(Settings settings) {
  constexpr auto very_long = std::chrono::milliseconds(std::chrono::years(10));
  for (std::chrono::milliseconds* budget :
       {&settings.operation_timeout, &settings.memory.connection_timeout,
        &settings.redis.connection_timeout, &settings.memcached.connection_timeout}) {
    *budget = std::min(*budget, very_long);
  }
  return settings;
}

}  // namespace cachekit::cli
