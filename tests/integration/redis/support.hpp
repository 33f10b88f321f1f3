#pragma once

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/servers.hpp"

#include <cachekit/redis.hpp>

#include <chrono>
#include <thread>

namespace cachekit::test {

inline RedisConfig config_of(const RedisServer& server) {
  return {
      .host = server.host(), .port = server.port(), .operation_timeout = std::chrono::seconds(5)};
}

/// One server for all tests of a program that do not disturb it.
inline const RedisServer& shared_redis() {
  static const RedisServer server;
  return server;
}

}  // namespace cachekit::test
