#include "fixture.hpp"

#include <atomic>
#include <string>
#include <thread>

using namespace cachekit;
using namespace std::chrono_literals;

TEST_CASE("a TTL counts in milliseconds", "[memory]") {
  CheckedCache t;
  t.set("k", "v", 300ms);
  t.runtime.advance(299ms);
  CHECK(t.get("k") == "v");
  CHECK(t.cache.ttl("k").value() == Ttl(1ms));
  t.runtime.advance(1ms);
  CHECK(t.get("k") == std::nullopt);
  CHECK(t.cache.ttl("k").value() == std::nullopt);
}

TEST_CASE("a fraction of a millisecond rounds up, and no TTL is its own value", "[memory]") {
  CheckedCache t;
  t.set("short", "v", 1us);
  t.set("ever", "v");
  CHECK(t.cache.ttl("short").value() == Ttl(1ms));
  CHECK(t.cache.ttl("ever").value() == Ttl::none());
  CHECK(t.cache.set("zero", "v", {.ttl = 0ms}).error().code == Errc::invalid_argument);
  CHECK(t.cache.touch("ever", -1s).error().code == Errc::invalid_argument);
  t.runtime.advance(24h * 365 * 20);
  CHECK(t.get("ever") == "v");
}

TEST_CASE("a TTL of ten years is kept, and a longer one refused", "[memory]") {
  CheckedCache t;
  t.set("k", "v", Ttl::max);
  CHECK(t.cache.ttl("k").value() == Ttl(Ttl::max));
  CHECK(t.cache.set("k", "w", {.ttl = Ttl::max + 1ms}).error().code == Errc::invalid_argument);
  CHECK(t.cache.set("k", "w", {.ttl = std::chrono::hours::max()}).error().code ==
        Errc::invalid_argument);
  CHECK(t.get("k") == "v");
  t.runtime.advance(Ttl::max);
  CHECK(t.get("k") == std::nullopt);
}

TEST_CASE("a step of the wall clock touches no expiry", "[memory]") {
  CheckedCache t;
  t.set("k", "v", 1min);
  t.runtime.step_wall(24h * 365);
  CHECK(t.get("k") == "v");
  CHECK(t.cache.ttl("k").value() == Ttl(1min));
  t.runtime.step_wall(-24h * 365 * 3);
  t.runtime.advance(59s);
  CHECK(t.get("k") == "v");
  t.runtime.advance(1s);
  CHECK(t.get("k") == std::nullopt);
}

TEST_CASE("touch gives a live entry a new TTL, in every direction", "[memory]") {
  CheckedCache t;
  t.set("k", "v", 10ms);
  CHECK(t.cache.touch("k", 100ms).value());
  t.runtime.advance(50ms);
  CHECK(t.get("k") == "v");
  CHECK(t.cache.touch("k", Ttl::none()).value());
  t.runtime.advance(24h);
  CHECK(t.get("k") == "v");
  CHECK(t.cache.touch("k", 1ms).value());
  t.runtime.advance(1ms);
  CHECK_FALSE(t.cache.touch("k", 1h).value());
  CHECK_FALSE(t.cache.touch("never", 1h).value());
}

TEST_CASE("an overwrite without a TTL takes the old one away", "[memory]") {
  CheckedCache t;
  t.set("k", "v", 10ms);
  t.set("k", "w");
  t.runtime.advance(1h);
  CHECK(t.get("k") == "w");
}

TEST_CASE("writes give back the bytes of what expired", "[memory]") {
  CheckedCache t({.shards = 1});
  for (int i = 0; i < 160; ++i) t.set("dead" + std::to_string(i), "v", 1ms);
  t.runtime.advance(1ms);
  for (int i = 0; i < 10; ++i) t.set("k", "v");
  const NodeStats stats = t.stats();
  CHECK(stats.items == 1U);
  CHECK(stats.expired == 160U);
  CHECK(stats.evictions == 0U);
}

TEST_CASE("stats counts nothing that has expired", "[memory]") {
  CheckedCache t;
  for (int i = 0; i < 5000; ++i)
    t.set("k" + std::to_string(i), "v", std::chrono::milliseconds(i + 1));
  t.runtime.advance(4000ms);
  CHECK(t.stats().items == 1000U);
  CHECK(t.stats().expired == 4000U);
}

TEST_CASE("a look-up of an expired entry does not remove the one set after it", "[memory]") {
  CheckedCache t;
  t.set("k", "old", 1ms);
  t.runtime.advance(1ms);
  CHECK(t.get("k") == std::nullopt);
  t.set("k", "new");
  CHECK(t.get("k") == "new");
}

TEST_CASE("look-ups that race with a set never remove what it stored", "[memory]") {
  CheckedCache t({.shards = 1});
  std::atomic<bool> stop{false};
  std::thread reader([&] {
    while (!stop) static_cast<void>(t.cache.get("k"));
  });
  int lost = 0;
  for (int i = 0; i < 2000; ++i) {
    static_cast<void>(t.cache.set("k", "old", {.ttl = 1ms}));
    t.runtime.advance(1ms);
    static_cast<void>(t.cache.set("k", "new"));
    const auto found = t.cache.get("k");
    if (!found || *found != "new") ++lost;
  }
  stop = true;
  reader.join();
  CHECK(lost == 0);
}

TEST_CASE("what clear removes and was over before counts as expired", "[memory][expiry]") {
  CheckedCache t;
  for (int i = 0; i < 1'000; ++i) t.set("k" + std::to_string(i), "v", 5ms);
  t.set("alive", "v");
  t.runtime.advance(5ms);
  REQUIRE(t.cache.clear());
  CHECK(t.stats().expired == 1'000U);
  CHECK(t.stats().items == 0U);
}
