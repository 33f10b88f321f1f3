#include "support.hpp"
#include "support/fault_proxy.hpp"

#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

TEST_CASE("connections count every request, and the writes that carried them", "[redis]") {
  RedisBackend redis(config_of(shared_redis()));
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) static_cast<void>(redis.get("nobody's key"));
    });
  }
  for (auto& thread : threads) thread.join();
  REQUIRE(redis.metrics().snapshot().misses == 16 * 200);
  const std::vector<ConnectionStats> all = redis.connections();
  REQUIRE(all.size() == 1);
  const ConnectionStats& now = all.front();
  CHECK(now.endpoint == shared_redis().endpoint());
  CHECK(now.connections >= 1);
  CHECK(now.requests >= 16 * 200);
  CHECK(now.batches > 0);
  CHECK(now.batches <= now.requests);
  CHECK(now.mean_batch() >= 1.0);
  CHECK(now.in_flight == 0);
  CHECK(now.waiting == 0);
  CHECK(now.reconnects == 0);
  CHECK(now.timeouts == 0);
  CHECK(now.abandoned_requests == 0);
}

TEST_CASE("a connection that was reset and made anew is a reconnect, the first one is none",
          "[redis]") {
  FaultProxy proxy(shared_redis().port());
  RedisConfig config = config_of(shared_redis());
  config.port = proxy.port();
  RedisBackend redis(config);
  CHECK(redis.connections().at(0).connections == 0);
  REQUIRE(redis.get("key"));
  CHECK(redis.connections().at(0).reconnects == 0);
  for (std::uint64_t times = 1; times <= 3; ++times) {
    proxy.reset_connections();
    REQUIRE(redis.get("key"));
    CHECK(redis.connections().at(0).reconnects == times);
  }
  CHECK(redis.connections().at(0).connections == 1);
}

TEST_CASE("a connection that a large request had for itself is a reconnect as well", "[redis]") {
  FaultProxy proxy(shared_redis().port());
  RedisConfig config = config_of(shared_redis());
  config.port = proxy.port();
  RedisBackend redis(config);
  const std::string large(std::size_t{1} << 20U, 'x');
  REQUIRE(redis.set("large", large));
  CHECK(redis.connections().at(0).requests == 1);
  CHECK(redis.connections().at(0).batches == 1);
  proxy.reset_connections();
  REQUIRE(redis.set("large", large));
  CHECK(redis.connections().at(0).reconnects == 1);
  REQUIRE(redis.remove("large"));
}

TEST_CASE("a stopped server shows as timeouts and abandoned requests, which need no answer of it",
          "[redis]") {
  RedisServer server;
  RedisBackend redis(config_of(server));
  REQUIRE(redis.get("key"));
  server.stop();
  REQUIRE(redis.get("key", {.timeout = 20ms}).error().code == Errc::timeout);
  const ConnectionStats now = redis.connections().at(0);
  CHECK(now.timeouts == 1);
  CHECK(now.abandoned_requests == 1);

  const StatsReport report = redis.stats({.timeout = 20ms});
  REQUIRE(report.nodes.size() == 1);
  CHECK(report.nodes[0].error);
  REQUIRE(report.nodes[0].client);
  CHECK(report.nodes[0].client->endpoint == server.endpoint());
  CHECK(report.nodes[0].client->timeouts >= 1);
}
