#include "redis/info.hpp"

#include "support/catch.hpp"

using namespace cachekit;

TEST_CASE("INFO becomes figures, what is missing stays empty", "[redis]") {
  const NodeStats stats = redis::stats_of(redis::parse_info(
      "# Server\r\nredis_version:7.0.15\r\nuptime_in_seconds:12\r\n\r\n# Memory\r\n"
      "used_memory:1024\r\nmaxmemory:0\r\nkeyspace_hits:3\r\nkeyspace_misses:x1\r\n"
      "instantaneous_ops_per_sec:7\r\nnonsense without colon\r\nlast:line"));
  CHECK(stats.version == "7.0.15");
  CHECK(stats.uptime_seconds == 12U);
  CHECK(stats.bytes == 1024U);
  CHECK_FALSE(stats.max_bytes);
  CHECK(stats.hits == 3U);
  CHECK_FALSE(stats.misses);
  CHECK_FALSE(stats.hit_ratio());
  CHECK_FALSE(stats.connections);
  CHECK(stats.operations_per_second == 7.0);
  CHECK_FALSE(stats.items);
  CHECK(stats.raw.back() == std::pair<std::string, std::string>("last", "line"));
}

TEST_CASE("the keys of a server are those of all its databases", "[redis]") {
  CHECK(redis::keys_of_all("# Server\r\nredis_version:7.0.15\r\n") == std::nullopt);
  CHECK(redis::keys_of_all("# Keyspace\r\n") == 0U);
  CHECK(redis::keys_of_all("# Keyspace\r\ndb0:keys=1,expires=0,avg_ttl=0\r\n"
                           "db12:keys=41,expires=1,avg_ttl=9\r\ndbx:keys=5\r\n") == 42U);
  CHECK(redis::keys_of_all("# Keyspace\r\ndb0:many\r\n") == std::nullopt);
}
