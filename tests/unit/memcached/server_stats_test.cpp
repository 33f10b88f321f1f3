#include "memcached/server_stats.hpp"

#include "support/catch.hpp"

using namespace cachekit;

TEST_CASE("a server's figures are read into the common vocabulary", "[memcached]") {
  const NodeStats stats = memcached::read_server_stats(
      "uptime 12\nversion 1.6.18\ncurr_connections 3\ncurr_items 4\nbytes 500\n"
      "limit_maxbytes 67108864\nget_hits 6\nget_misses 2\nevictions 1\nreclaimed 5\n"
      "crawler_reclaimed 7\nlibevent 2.1.12-stable\n");
  CHECK(stats.version == "1.6.18");
  CHECK(stats.uptime_seconds == 12);
  CHECK(stats.connections == 3);
  CHECK(stats.items == 4);
  CHECK(stats.bytes == 500);
  CHECK(stats.max_bytes == 67'108'864);
  CHECK(stats.hit_ratio() == 0.75);
  CHECK(stats.evictions == 1);
  CHECK(stats.expired == 12);
  CHECK(stats.raw.size() == 12);
  CHECK_FALSE(stats.operations_per_second);
}

TEST_CASE("a figure that is missing or no number stays empty instead of 0", "[memcached]") {
  const NodeStats stats = memcached::read_server_stats("uptime soon\nreclaimed 5\nbytes\n");
  CHECK_FALSE(stats.uptime_seconds);
  CHECK_FALSE(stats.expired);
  CHECK_FALSE(stats.bytes);
  CHECK_FALSE(stats.hit_ratio());
}
