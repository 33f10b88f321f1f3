#include "rig.hpp"
#include "support/black_hole.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"

#include <cachekit/memcached.hpp>
#include <cachekit/memory.hpp>
#include <cachekit/redis.hpp>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

TEST_CASE("a host that swallows connections costs a call its budget and no more", "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  BlackHole hole;
  const auto cache = client_of(kind, hole.port(), 100ms);
  const auto read = cache->get("k");
  CHECK(code_of(read) == "timeout");
  CHECK(read.error().endpoint == hole.endpoint());
  CHECK(code_of(cache->set("k", "v")) == "timeout");  // Nothing was sent, so nothing is in doubt.
  CHECK_FALSE(cache->ping().ok());
}

TEST_CASE("connect keeps to the connection budget", "[faults]") {
  BlackHole hole;
  RedisBackend redis({.host = "127.0.0.1", .port = hole.port(), .connection_timeout = 100ms});
  CHECK(code_of(redis.connect()) == "timeout");
  MemcachedBackend memcached({.servers = {hole.endpoint()}, .connection_timeout = 100ms});
  CHECK(code_of(memcached.connect()) == "timeout");
}

TEST_CASE("a port where nothing listens is unavailable at once, and the error says where",
          "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  const ReservedPort nobody;
  const auto cache = client_of(kind, nobody.number());
  const auto outcome = cache->get("k");
  CHECK(code_of(outcome) == "unavailable");
  CHECK(outcome.error().endpoint == "127.0.0.1:" + std::to_string(nobody.number()));
  CHECK_FALSE(outcome.error().hint.empty());
  CHECK(code_of(cache->connect()) == "unavailable");
  CHECK(code_of(cache->increment("n")) == "unavailable");
}

TEST_CASE("a host name that does not exist is unavailable and named", "[faults]") {
  RedisBackend redis({.host = "no-such-host.invalid", .operation_timeout = patience});
  const auto read = redis.get("k");
  CHECK(code_of(read) == "unavailable");
  CHECK(read.error().describe().find("no-such-host.invalid") != std::string::npos);
  MemcachedBackend memcached(
      {.servers = {"no-such-host.invalid:11211"}, .operation_timeout = patience});
  CHECK(code_of(memcached.get("k")) == "unavailable");
}

TEST_CASE("no default timeout is infinite", "[faults]") {
  for (const auto timeout :
       {RedisConfig{}.operation_timeout, RedisConfig{}.connection_timeout,
        MemcachedConfig{}.operation_timeout, MemcachedConfig{}.connection_timeout,
        InMemoryConfig{}.connection_timeout}) {
    CHECK(timeout > 0ms);
    CHECK(timeout <= 1min);
  }
}

TEST_CASE("a timeout of zero in the configuration is refused, not taken for endless", "[faults]") {
  for (const auto bad : {0ms, -1ms}) {
    RedisBackend hasty_redis({.operation_timeout = bad});
    CHECK(code_of(hasty_redis.get("k")) == "invalid_argument");
    RedisBackend redis({.connection_timeout = bad});
    CHECK(code_of(redis.connect()) == "invalid_argument");
    CHECK(code_of(redis.get("k")) == "invalid_argument");
    MemcachedBackend hasty_memcached({.servers = {"127.0.0.1"}, .operation_timeout = bad});
    CHECK(code_of(hasty_memcached.get("k")) == "invalid_argument");
    MemcachedBackend memcached({.servers = {"127.0.0.1"}, .connection_timeout = bad});
    CHECK(code_of(memcached.connect()) == "invalid_argument");
    CHECK(code_of(memcached.get("k")) == "invalid_argument");
  }
}
