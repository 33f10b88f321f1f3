#include "support.hpp"

using namespace cachekit;
using namespace std::chrono_literals;

TEST_CASE("a killed node fails its own keys only, and its keys do not move",
          "[memcached][integration]") {
  test::ThreeServers servers;
  MemcachedBackend backend(test::config_of(servers.list()));
  const std::vector<std::string> keys = test::numbered("killed:", 300);
  for (const std::string& key : keys) REQUIRE(backend.set(key, "v") == true);

  servers.b.kill();
  const auto found = backend.get_many(test::views(keys));
  std::size_t lost = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    CAPTURE(keys[i]);
    if (backend.server_of(keys[i]) != servers.b.endpoint()) {
      CHECK(found[i] == "v");
      continue;
    }
    ++lost;
    REQUIRE_FALSE(found[i]);
    CHECK(found[i].error().code == Errc::unavailable);
    CHECK(found[i].error().endpoint == servers.b.endpoint());
    CHECK_FALSE(backend.set(keys[i], "elsewhere"));
  }
  CHECK(lost > 0);
  CHECK(backend.connect().error().endpoint == servers.b.endpoint());
  CHECK(backend.clear().error().endpoint == servers.b.endpoint());

  servers.b.restart();
  // Attempts have to wait.
  CHECK(test::eventually([&] { return backend.connect().has_value(); }, 10s));
  for (const std::string& key : keys) REQUIRE(backend.get(key) == std::nullopt);
}

TEST_CASE("a node that is silent fails its own keys by timeout", "[memcached][integration]") {
  test::ThreeServers servers;
  MemcachedConfig config = test::config_of(servers.list());
  MemcachedBackend backend(config);
  const std::vector<std::string> keys = test::numbered("silent:", 60);
  for (const std::string& key : keys) REQUIRE(backend.set(key, "v") == true);

  servers.c.stop();
  const auto found = backend.get_many(test::views(keys), {.timeout = 300ms});
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (backend.server_of(keys[i]) == servers.c.endpoint()) {
      REQUIRE_FALSE(found[i]);
      CHECK(found[i].error().code == Errc::timeout);
    } else {
      CHECK(found[i] == "v");
    }
  }
  std::string owned = keys[0];
  for (const std::string& key : keys) {
    if (backend.server_of(key) == servers.c.endpoint()) owned = key;
  }
  // A silence of less than the operation timeout is no reason to give a connection up, so the write
  // went out on it, and is carried out in its turn.
  CHECK(backend.set(owned, "new", {.timeout = 100ms}).error().code == Errc::outcome_unknown);
  servers.c.resume();
  CHECK(backend.get(owned) == "new");
}

TEST_CASE("a write that was sent and not answered is in doubt and not sent again",
          "[memcached][integration]") {
  test::MemcachedServer server;
  MemcachedBackend backend(test::config_of({server.endpoint()}));
  REQUIRE(backend.increment("doubt") == 1);
  server.stop();
  CHECK(backend.increment("doubt", 1, {.timeout = 100ms}).error().code == Errc::outcome_unknown);
  server.resume();
  CHECK(test::eventually([&] { return backend.get("doubt") == "2"; }, 10s));
  CHECK(backend.increment("doubt") == 3);
}

TEST_CASE("no server at all is an error and never a miss", "[memcached][integration]") {
  const test::ReservedPort nobody;
  MemcachedBackend backend(test::config_of({"127.0.0.1:" + std::to_string(nobody.number())}));
  CHECK(backend.connect().error().code == Errc::unavailable);
  CHECK(backend.get("k").error().code == Errc::unavailable);
  CHECK(backend.exists("k").error().code == Errc::unavailable);
  CHECK(backend.set("k", "v").error().code == Errc::unavailable);
  CHECK(backend.increment("k").error().code == Errc::unavailable);
  CHECK(backend.ttl("k").error().code == Errc::unavailable);
  CHECK(backend.metrics().snapshot().misses == 0);
}
