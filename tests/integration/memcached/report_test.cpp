#include "support.hpp"

using namespace cachekit;
using namespace std::chrono_literals;

TEST_CASE("ping reports every node, also the one out of reach", "[memcached][integration]") {
  test::ThreeServers servers;
  MemcachedBackend backend(test::config_of(servers.list()));
  CHECK(backend.ping().ok());
  servers.a.kill();
  const PingReport report = backend.ping();
  CHECK_FALSE(report.ok());
  REQUIRE(report.nodes.size() == 3);
  CHECK(report.nodes[0].endpoint == servers.a.endpoint());
  REQUIRE(report.nodes[0].error);
  CHECK(report.nodes[0].error->code == Errc::unavailable);
  for (const NodePing& node : {report.nodes[1], report.nodes[2]}) {
    CHECK_FALSE(node.error);
    CHECK(node.role == "server");
    CHECK(node.version.starts_with("1."));
    CHECK(node.round_trip > 0us);
  }
}

TEST_CASE("stats report every node's figures, and an error where there are none",
          "[memcached][integration]") {
  const test::MemcachedServer server;
  const test::ReservedPort nobody;
  const std::string absent = "127.0.0.1:" + std::to_string(nobody.number());
  MemcachedBackend lone(test::config_of({server.endpoint()}));
  REQUIRE(lone.set("k", "v"));
  REQUIRE(lone.get("k"));
  REQUIRE(lone.get("missing"));

  MemcachedBackend backend(test::config_of({server.endpoint(), absent}));
  const StatsReport report = backend.stats();
  REQUIRE(report.nodes.size() == 2);
  const NodeStats& node = report.nodes[0];
  CHECK_FALSE(node.error);
  CHECK(node.items == 1);
  CHECK(node.hits == 1);
  CHECK(node.misses == 1);
  CHECK(node.hit_ratio() == 0.5);
  CHECK(node.max_bytes == 64U << 20U);
  CHECK(node.bytes.value() > 0);
  CHECK(node.connections.value() > 0);
  CHECK(node.evictions == 0);
  CHECK(node.expired);
  CHECK(node.version.starts_with("1."));
  CHECK(node.raw.size() > 20);
  CHECK(report.nodes[1].endpoint == absent);
  CHECK(report.nodes[1].error);
  CHECK_FALSE(report.nodes[1].items);
  REQUIRE(node.client);
  CHECK(node.client->endpoint == server.endpoint());
  CHECK(node.client->connections == 1);
  CHECK(node.client->requests == 1);
  REQUIRE(report.nodes[1].client);
  CHECK(report.nodes[1].client->connections == 0);
}
