#include "support.hpp"

#include <atomic>
#include <map>

using namespace cachekit;
using namespace std::chrono_literals;

TEST_CASE("batches spread over the servers and answer in order", "[memcached][integration]") {
  const test::ThreeServers servers;
  MemcachedBackend backend(test::config_of(servers.list()));
  REQUIRE(backend.connect());
  const std::vector<std::string> keys = test::numbered("spread:", 3000);
  std::vector<SetItem> items;
  for (const std::string& key : keys) items.push_back({.key = key, .value = key, .ttl = 1h});
  for (const auto& stored : backend.set_many(items)) REQUIRE(stored == true);

  std::map<std::string, int> per_server;
  for (const std::string& key : keys) ++per_server[backend.server_of(key).value()];
  REQUIRE(per_server.size() == 3);
  CHECK(per_server[servers.a.endpoint()] < per_server[servers.c.endpoint()]);
  for (const NodeStats& node : backend.stats().nodes) {
    CHECK(node.items == static_cast<std::uint64_t>(per_server[node.endpoint]));
  }

  const auto removed = backend.remove_many(test::views({keys[0], "spread:none", keys[2999]}));
  CHECK(removed[0] == true);
  CHECK(removed[1] == false);
  CHECK(removed[2] == true);
  const auto found = backend.get_many(test::views(keys));
  REQUIRE(found.size() == keys.size());
  CHECK(found[0] == std::nullopt);
  for (std::size_t i = 1; i < 2999; ++i) REQUIRE(found[i] == keys[i]);

  CHECK(backend.clear());
  for (const auto& outcome : backend.get_many(test::views(keys))) REQUIRE(outcome == std::nullopt);
}

TEST_CASE("a batch larger than all buffers between the peers goes through",
          "[memcached][integration]") {
  const test::MemcachedServer server({.memory_mib = 256});
  MemcachedBackend backend(test::config_of({server.endpoint()}));
  const std::vector<std::string> keys = test::numbered("bulk:", 20'000);
  const std::string value(2000, 'v');
  std::vector<SetItem> items;
  for (const std::string& key : keys) items.push_back({.key = key, .value = value});
  for (const auto& stored : backend.set_many(items)) REQUIRE(stored == true);
  for (const auto& found : backend.get_many(test::views(keys))) REQUIRE(found == value);
}

TEST_CASE("a conditional batch stores only what the condition allows", "[memcached][integration]") {
  MemcachedBackend backend(test::config_of({test::shared_memcached().endpoint()}));
  REQUIRE(backend.set("nx:1", "old"));
  REQUIRE(backend.remove("nx:2"));
  const auto stored = backend.set_many(std::vector<SetItem>{{"nx:1", "new"}, {"nx:2", "new"}},
                                       {.condition = SetCondition::if_absent});
  CHECK(stored[0] == false);
  CHECK(stored[1] == true);
  CHECK(backend.get("nx:1") == "old");
}

TEST_CASE("threads that share a backend never see each other's values",
          "[memcached][integration]") {
  const test::ThreeServers servers;
  MemcachedConfig config = test::config_of(servers.list());
  config.max_connections = 3;
  MemcachedBackend backend(config);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      const std::vector<std::string> keys = test::numbered("thread:" + std::to_string(t) + ":", 20);
      for (int round = 0; round < 30; ++round) {
        for (const std::string& key : keys) {
          if (backend.set(key, key + "=" + std::to_string(round)) != true) ++wrong;
        }
        const auto found = backend.get_many(test::views(keys));
        for (std::size_t i = 0; i < keys.size(); ++i) {
          if (found[i] != keys[i] + "=" + std::to_string(round)) ++wrong;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}
