#pragma once

#include "support/results.hpp"
#include "support/servers.hpp"

#include <cachekit/memory.hpp>
#include <cachekit/redis.hpp>

#include <memory>

namespace cachekit::test {

/// An empty cache whose results are there at once, or one over a server that its callers share.
inline std::unique_ptr<CacheBackend> make_cache(bool in_process) {
  if (in_process) return std::make_unique<InMemoryBackend>();
  static const RedisServer server;
  auto redis =
      std::make_unique<RedisBackend>(RedisConfig{.host = server.host(), .port = server.port()});
  must(redis->command({"FLUSHALL"}));
  return redis;
}

}  // namespace cachekit::test
