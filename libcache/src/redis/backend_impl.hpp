#pragma once

#include "net/large_keys.hpp"
#include "redis/client.hpp"

#include <cachekit/redis.hpp>

namespace cachekit {

class RedisBackend::Impl {
 public:
  explicit Impl(const RedisConfig& config) : client(config) {}

  /// Errors: `too_large`.
  [[nodiscard]] Result<void> check_value(std::string_view value) const;

  redis::Client client;
  net::LargeKeys large_keys;
};

}  // namespace cachekit
