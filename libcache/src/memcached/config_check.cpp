#include "memcached/config_check.hpp"

#include "memcached/dialect.hpp"

#include <fmt/format.h>

namespace cachekit::memcached {
namespace {

Result<void> check_duration(std::string_view field, std::chrono::milliseconds value) {
  if (value > std::chrono::milliseconds::zero()) return {};
  return fail(Errc::invalid_argument, fmt::format("memcached.{} must be more than zero", field), {},
              "to wait without limit, say cachekit::forever");
}

}  // namespace

Result<void> check_config(const MemcachedConfig& config) {
  if (config.max_connections == 0) {
    return fail(Errc::invalid_argument, "memcached.max_connections must be at least 1", {},
                "10 is the default");
  }
  if (config.min_connections > config.max_connections) {
    return fail(Errc::invalid_argument,
                fmt::format("memcached.min_connections ({}) is above max_connections ({})",
                            config.min_connections, config.max_connections),
                {}, "lower the one or raise the other");
  }
  if (config.max_value.count == 0 || config.max_value.count > max_announced_bytes) {
    return fail(Errc::invalid_argument, "memcached.max_value must be from 1 byte to 1GiB", {},
                "no memcached server holds more than 1GiB in one entry");
  }
  if (config.max_in_flight == 0 || config.max_in_flight_bytes.count == 0) {
    return fail(Errc::invalid_argument,
                "memcached.max_in_flight and max_in_flight_bytes must be at least 1", {},
                "10000 and 64MiB are the defaults");
  }
  return check_duration("connection_timeout", config.connection_timeout).and_then([&] {
    return check_duration("operation_timeout", config.operation_timeout);
  });
}

}  // namespace cachekit::memcached
