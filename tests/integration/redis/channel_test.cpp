#include "support.hpp"

#include <atomic>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

TEST_CASE("no more connections are open than pool_size allows", "[redis]") {
  const RedisServer server;
  RedisConfig config = config_of(server);
  config.pool_size = 4;
  RedisBackend redis(config);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        const std::string key = "key-" + std::to_string(t) + "-" + std::to_string(i);
        if (redis.set(key, key) != true || redis.get(key) != key) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
  const auto clients = redis.command({"INFO", "stats"});
  REQUIRE(clients);
  const auto at = clients->text.find("total_connections_received:");
  REQUIRE(at != std::string::npos);
  CHECK(std::stoi(clients->text.substr(at + 27)) <= 5);  // One was the start-up probe.
}

TEST_CASE("callers of large requests that find no free connection learn how many there are",
          "[redis]") {
  RedisServer server;
  RedisConfig config = config_of(server);
  config.pool_size = 2;  // One is shared, one is for large requests.
  RedisBackend redis(config);
  REQUIRE(redis.connect());
  server.stop();
  const std::string large(std::size_t{1} << 20U, 'x');
  Result<bool> holder = false;
  std::thread first([&] { holder = redis.set("first", large, {.timeout = 2s}); });
  Error seen;
  const bool told = eventually(
      [&] {
        const auto outcome = redis.set("second", large, {.timeout = 20ms});
        if (!outcome) seen = outcome.error();
        return seen.message.find("1 in use") != std::string::npos;
      },
      10s);
  first.join();
  REQUIRE(told);
  CHECK(seen.code == Errc::timeout);
  CHECK(seen.message.find("1 allowed") != std::string::npos);
  REQUIRE_FALSE(holder);
}

TEST_CASE("of a large batch that did not go in time, what was not begun is known to be undone",
          "[redis]") {
  RedisServer server;
  RedisBackend redis(config_of(server));
  REQUIRE(redis.connect());
  const std::string value(std::size_t{2} << 20U, 'v');
  const std::vector<std::string> keys{"a", "b", "c", "d", "e", "f"};
  std::vector<SetItem> items;
  for (const std::string& key : keys) items.push_back({.key = key, .value = value});
  for (const auto& stored : redis.set_many(items)) REQUIRE(stored);  // There is a connection.
  server.stop();
  const auto outcomes = redis.set_many(items, {.timeout = 300ms});
  CHECK(outcomes.front().error().code == Errc::outcome_unknown);
  CHECK(outcomes.back().error().code == Errc::timeout);
}

TEST_CASE("a restarted server is found again without an error for reads", "[redis]") {
  RedisServer server;
  RedisBackend redis(config_of(server));
  REQUIRE(redis.set("key", "value"));
  server.kill();
  server.restart();
  CHECK(redis.get("key") == std::nullopt);
  CHECK(redis.set("key", "again") == true);
}

TEST_CASE("a batch of any size goes through one connection both ways", "[redis]") {
  RedisBackend redis(config_of(shared_redis()));
  REQUIRE(redis.clear());
  const std::string value(50'000, 'v');
  std::vector<std::string> names;
  for (int i = 0; i < 2'000; ++i) names.push_back("key-" + std::to_string(i));
  std::vector<SetItem> items;
  for (const auto& name : names) items.push_back({name, value, Ttl::none()});
  for (const auto& outcome : redis.set_many(items, {.timeout = 60s})) REQUIRE(outcome == true);
  const std::vector<std::string_view> keys(names.begin(), names.end());
  std::size_t right = 0;
  for (const auto& outcome : redis.get_many(keys, {.timeout = 60s})) right += outcome == value;
  CHECK(right == names.size());
  REQUIRE(redis.clear());
}

TEST_CASE("past max_in_flight a call is overloaded at once, and no longer when the replies are in",
          "[redis]") {
  RedisServer server;
  RedisConfig config = config_of(server);
  config.max_in_flight = 4;
  RedisBackend redis(config);
  REQUIRE(redis.connect());
  server.stop();
  std::vector<Pending<std::optional<std::string>>> under_way;
  for (int i = 0; i < 4; ++i) under_way.push_back(redis.async_get("key", {.timeout = 60s}));
  CHECK(redis.connections().at(0).in_flight == 4);

  auto refused = redis.async_get("key", {.timeout = 60s});
  REQUIRE(refused.ready());
  const Error error = refused.get().error();
  CHECK(error.code == Errc::overloaded);
  CHECK(error.message.find("4 requests of 4 allowed") != std::string::npos);
  CHECK(error.endpoint == server.endpoint());
  CHECK(redis.get("key", {.timeout = forever}).error().code == Errc::overloaded);

  server.resume();
  for (auto& one : under_way) CHECK(one.get() == std::nullopt);
  CHECK(redis.get("key") == std::nullopt);
}

TEST_CASE("past max_in_flight_bytes a call is overloaded at once", "[redis]") {
  RedisServer server;
  RedisConfig config = config_of(server);
  config.max_in_flight_bytes = kibibytes(1);
  RedisBackend redis(config);
  REQUIRE(redis.connect());
  server.stop();
  auto large = redis.async_set("key", std::string(2'000, 'x'), {.timeout = 60s});
  CHECK_FALSE(large.ready());
  CHECK(redis.get("key", {.timeout = forever}).error().code == Errc::overloaded);
  server.resume();
  CHECK(large.get() == true);
  CHECK(redis.exists("key") == true);
}
