#pragma once

#include "support/catch.hpp"
#include "support/servers.hpp"

#include <cachekit/redis.hpp>

#include <chrono>
#include <functional>
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

/// Waits, bounded, until a condition holds.
inline bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace cachekit::test
