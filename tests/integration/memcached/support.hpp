#pragma once

#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/servers.hpp"

#include <cachekit/memcached.hpp>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace cachekit::test {

inline MemcachedConfig config_of(std::vector<std::string> servers) {
  return {.servers = std::move(servers), .operation_timeout = std::chrono::seconds(20)};
}

/// One server for all tests of the program that do not disturb it.
inline const MemcachedServer& shared_memcached() {
  static const MemcachedServer server;
  return server;
}

/// Three servers that a test may disturb, and a backend over them.
struct ThreeServers {
  MemcachedServer a{};
  MemcachedServer b{};
  MemcachedServer c{};

  [[nodiscard]] std::vector<std::string> list() const {
    return {a.endpoint() + ":1", b.endpoint() + ":2", c.endpoint() + ":3"};
  }
};

/// Keys with a number each: "PREFIX0", "PREFIX1", ...
inline std::vector<std::string> numbered(const std::string& prefix, std::size_t count) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < count; ++i) keys.push_back(prefix + std::to_string(i));
  return keys;
}

inline std::vector<std::string_view> views(const std::vector<std::string>& keys) {
  return {keys.begin(), keys.end()};
}

/// Every byte there is.
inline std::string all_bytes() {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  return bytes;
}

}  // namespace cachekit::test
