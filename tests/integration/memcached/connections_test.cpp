#include "support.hpp"
#include "support/fault_proxy.hpp"

using namespace cachekit;
using namespace std::chrono_literals;

TEST_CASE("connections count the requests of each node apart", "[memcached][integration]") {
  test::ThreeServers servers;
  MemcachedBackend backend(test::config_of(servers.list()));
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&] {
      for (const std::string& key : test::numbered("key-", 100)) {
        static_cast<void>(backend.get(key));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  REQUIRE(backend.metrics().snapshot().misses == 16 * 100);
  const std::vector<ConnectionStats> all = backend.connections();
  REQUIRE(all.size() == 3);
  CHECK(all[0].endpoint == servers.a.endpoint());
  CHECK(all[1].endpoint == servers.b.endpoint());
  CHECK(all[2].endpoint == servers.c.endpoint());
  std::uint64_t requests = 0;
  for (const ConnectionStats& node : all) {
    CHECK(node.requests > 0);
    CHECK(node.batches <= node.requests);
    CHECK(node.mean_batch() >= 1.0);
    CHECK(node.in_flight == 0);
    CHECK(node.reconnects == 0);
    requests += node.requests;
  }
  CHECK(requests >= 16 * 100);
}

TEST_CASE("a connection that was closed and made anew is a reconnect", "[memcached][integration]") {
  test::FaultProxy proxy(test::shared_memcached().port());
  MemcachedBackend backend(test::config_of({proxy.endpoint()}));
  REQUIRE(backend.get("key"));
  CHECK(backend.connections().at(0).reconnects == 0);
  proxy.close_connections();
  REQUIRE(backend.get("key"));
  CHECK(backend.connections().at(0).reconnects == 1);
}

TEST_CASE("a stopped server shows as timeouts and abandoned requests of its own node",
          "[memcached][integration]") {
  test::MemcachedServer stopped;
  const std::string other = test::shared_memcached().endpoint();
  MemcachedBackend backend(test::config_of({stopped.endpoint(), other}));
  REQUIRE(backend.connect());
  stopped.stop();
  std::string key;
  for (const std::string& name : test::numbered("key-", 100)) {
    if (backend.server_of(name) == stopped.endpoint()) key = name;
  }
  REQUIRE(backend.get(key, {.timeout = 20ms}).error().code == Errc::timeout);
  const std::vector<ConnectionStats> all = backend.connections();
  REQUIRE(all.size() == 2);
  CHECK(all[0].timeouts == 1);
  CHECK(all[0].abandoned_requests == 1);
  CHECK(all[1].timeouts == 0);
  CHECK(all[1].abandoned_requests == 0);
}

TEST_CASE("a server that is gone has no connections, also where some idled",
          "[memcached][integration]") {
  test::MemcachedServer server;
  MemcachedConfig config = test::config_of({server.endpoint()});
  config.min_connections = 4;
  MemcachedBackend backend(config);
  REQUIRE(backend.connect());
  REQUIRE(backend.connections().at(0).connections == 4);
  server.kill();
  CHECK(test::eventually(
      [&] { return !backend.get("key") && backend.connections().at(0).connections == 0; }));
}
