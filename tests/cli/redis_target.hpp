#pragma once

#include "support/servers.hpp"

#include <cachekit/redis.hpp>

#include <string>

namespace cachekit::test {

/// A server of Redis for the command, and a client beside it.
struct RedisTarget {
  RedisServer server;
  RedisBackend backend{{.host = server.host(), .port = server.port()}};
  std::string url = server.url();
};

}  // namespace cachekit::test
