#include "support.hpp"
#include "support/gate.hpp"

#include <stop_token>
#include <string>
#include <thread>
#include <vector>

using namespace cachekit;
using namespace std::chrono_literals;

TEST_CASE("a value over the item size is too large and leaves no older value",
          "[memcached][integration]") {
  MemcachedBackend backend(test::config_of({test::shared_memcached().endpoint()}));
  const std::string large(2'000'000, 'v');
  REQUIRE(backend.set("large", "older") == true);
  const auto stored = backend.set("large", large);
  REQUIRE_FALSE(stored);
  CHECK(stored.error().code == Errc::too_large);
  CHECK(stored.error().endpoint == test::shared_memcached().endpoint());
  CHECK_FALSE(stored.error().hint.empty());
  CHECK(backend.get("large") == std::nullopt);
}

TEST_CASE("a value over max_value is too large and leaves no older value",
          "[memcached][integration]") {
  MemcachedConfig config = test::config_of({test::shared_memcached().endpoint()});
  config.max_value = {10};
  MemcachedBackend backend(config);
  REQUIRE(backend.set("large", "older") == true);
  CHECK(backend.set("large", "12345678901").error().code == Errc::too_large);
  CHECK(backend.get("large") == std::nullopt);
  REQUIRE(backend.set("large", "older") == true);
  CHECK(backend.set_many(std::vector<SetItem>{{"large", "12345678901"}, {"fits", "1"}})[0]
            .error()
            .code == Errc::too_large);
  CHECK(backend.get("large") == std::nullopt);
  CHECK(backend.get("fits") == "1");
}

TEST_CASE("replies stay in step around a value that the server refused",
          "[memcached][integration]") {
  MemcachedConfig config = test::config_of({test::shared_memcached().endpoint()});
  config.max_connections = 1;
  config.min_connections = 1;
  MemcachedBackend backend(config);
  const std::string large(3'000'000, 'v');
  const std::string hostile = std::string(1'100'000, 'x') + "\r\nflush_all\r\nmn\r\n";
  const std::vector<SetItem> items = {
      {"before", "1"}, {"large", large}, {"between", "2"}, {"hostile", hostile}, {"after", "3"}};
  const auto stored = backend.set_many(items);
  CHECK(stored[0] == true);
  CHECK(stored[1].error().code == Errc::too_large);
  CHECK(stored[2] == true);
  CHECK(stored[3].error().code == Errc::too_large);
  CHECK(stored[4] == true);
  CHECK(backend.get("before") == "1");
  CHECK(backend.get("between") == "2");
  CHECK(backend.get("after") == "3");
}

TEST_CASE("a server with larger items takes larger values", "[memcached][integration]") {
  const test::MemcachedServer server({.item_size = "8m", .memory_mib = 128});
  MemcachedBackend backend(test::config_of({server.endpoint()}));
  const std::string large(7'000'000, 'v');
  REQUIRE(backend.set("large", large) == true);
  CHECK(backend.get("large") == large);
}

TEST_CASE("a full server that may not evict rejects instead of losing",
          "[memcached][integration]") {
  const test::MemcachedServer server({.memory_mib = 2, .extra = {"-M"}});
  MemcachedBackend backend(test::config_of({server.endpoint()}));
  const std::string value(100'000, 'v');
  std::optional<Error> refusal;
  for (int i = 0; i < 2000 && !refusal; ++i) {
    if (const auto stored = backend.set("full:" + std::to_string(i), value); !stored) {
      refusal = stored.error();
    }
  }
  REQUIRE(refusal);
  CHECK(refusal->code == Errc::rejected);
}

TEST_CASE("past max_in_flight a call to that node is overloaded at once",
          "[memcached][integration]") {
  test::MemcachedServer server;
  MemcachedConfig config = test::config_of({server.endpoint()});
  config.max_in_flight = 2;
  MemcachedBackend backend(config);
  REQUIRE(backend.connect());
  server.stop();
  auto first = backend.async_get("key", {.timeout = 60s});
  auto second = backend.async_get("key", {.timeout = 60s});
  auto third = backend.async_get("key", {.timeout = 60s});
  REQUIRE(third.ready());
  CHECK(third.get().error().code == Errc::overloaded);
  CHECK(backend.get("key", {.timeout = forever}).error().code == Errc::overloaded);
  server.resume();
  CHECK(first.get() == std::nullopt);
  CHECK(second.get() == std::nullopt);
  CHECK(backend.get("key") == std::nullopt);
}

TEST_CASE("a blocking batch of counters is not held to max_in_flight", "[memcached][integration]") {
  test::MemcachedServer server;
  MemcachedConfig config = test::config_of({server.endpoint()});
  config.max_in_flight = 4;
  MemcachedBackend backend(config);
  std::vector<std::string> keys;
  for (int i = 0; i < 100; ++i) keys.push_back("counter" + std::to_string(i));
  std::vector<operation::Increment> increments;
  for (const std::string& key : keys) increments.push_back({key});
  for (const auto& sum : backend.run_many<operation::Increment>(increments)) CHECK(sum == 1);
}

TEST_CASE("a batch of counters waits for no callback of others", "[memcached][integration]") {
  test::MemcachedServer server;
  test::Gate counted;
  test::Gate entered;
  bool waited = false;  // The callback writes it until the backend is gone.
  MemcachedBackend backend(test::config_of({server.endpoint()}));
  REQUIRE(backend.connect());
  auto slow = backend.async_get("key", {.timeout = 20s});
  slow.then([&](const auto&) {
    entered.open();
    waited = counted.wait();
  });
  REQUIRE(entered.wait());
  const std::vector<operation::Increment> increments{{"a"}, {"b"}, {"a"}};
  const auto sums = backend.run_many<operation::Increment>(increments, {.timeout = 20s});
  counted.open();
  CHECK(sums[0] == 1);
  CHECK(sums[1] == 1);
  CHECK(sums[2] == 2);
}

TEST_CASE("a batch of counters is not held to max_in_flight_bytes", "[memcached][integration]") {
  test::MemcachedServer server;
  MemcachedConfig config = test::config_of({server.endpoint()});
  config.max_in_flight_bytes = kibibytes(4);
  MemcachedBackend backend(config);
  std::vector<std::string> keys;
  for (int i = 0; i < 300; ++i) keys.push_back(std::string(200, 'k') + std::to_string(i));
  std::vector<operation::Increment> increments;
  for (const std::string& key : keys) increments.push_back({key});
  for (const auto& sum : backend.run_many<operation::Increment>(increments)) CHECK(sum == 1);
}

TEST_CASE("of a large batch that did not go in time, what was not begun is known to be undone",
          "[memcached][integration]") {
  test::MemcachedServer server;
  MemcachedBackend backend(test::config_of({server.endpoint()}));
  REQUIRE(backend.connect());
  const std::string value(900'000, 'v');
  const std::vector<std::string> keys{"a", "b", "c", "d", "e", "f", "g", "h"};
  std::vector<SetItem> items;
  for (const std::string& key : keys) items.push_back({.key = key, .value = value});
  for (const auto& stored : backend.set_many(items)) REQUIRE(stored);  // There is a connection.
  server.stop();
  const auto outcomes = backend.set_many(items, {.timeout = 300ms});
  CHECK(outcomes.front().error().code == Errc::outcome_unknown);
  CHECK(outcomes.back().error().code == Errc::timeout);
}

TEST_CASE("what a refused increment has changed is taken back, however much is under way",
          "[memcached][integration]") {
  test::MemcachedServer server;
  MemcachedConfig config = test::config_of({server.endpoint()});
  MemcachedBackend others(config);
  config.max_in_flight = 64;
  MemcachedBackend backend(config);
  const std::jthread crowd([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      for (int i = 0; i < 50; ++i) backend.async_get("key", {.timeout = 20s}).ignore();
      std::this_thread::yield();
    }
  });
  const bool waiting = GENERATE(true, false);
  int refused = 0;
  for (int i = 0; i < 300; ++i) {
    REQUIRE(others.set("text", "05"));
    const auto sum = waiting ? backend.increment("text", 1, {.timeout = 20s})
                             : backend.async_increment("text", 1, {.timeout = 20s}).get();
    REQUIRE_FALSE(sum);
    CHECK((sum.error().code == Errc::rejected || sum.error().code == Errc::overloaded));
    CHECK(others.get("text") == "05");
    if (sum.error().code == Errc::rejected) ++refused;
  }
  CHECK(refused > 0);
}

TEST_CASE("past max_in_flight_bytes a call to that node is overloaded at once",
          "[memcached][integration]") {
  test::MemcachedServer server;
  MemcachedConfig config = test::config_of({server.endpoint()});
  config.max_in_flight_bytes = kibibytes(1);
  MemcachedBackend backend(config);
  REQUIRE(backend.connect());
  server.stop();
  auto large = backend.async_set("key", std::string(2'000, 'x'), {.timeout = 60s});
  CHECK_FALSE(large.ready());
  CHECK(backend.get("key", {.timeout = forever}).error().code == Errc::overloaded);
  server.resume();
  CHECK(large.get() == true);
}
