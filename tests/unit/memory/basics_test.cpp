#include "fixture.hpp"
#include "memory/entry.hpp"

#include <array>
#include <string>
#include <vector>

using namespace cachekit;
using namespace std::chrono_literals;

TEST_CASE("InMemoryBackend works without any argument", "[memory]") {
  InMemoryBackend cache;
  REQUIRE(cache.set("user:1", "Ada"));
  CHECK(cache.get("user:1").value() == "Ada");
  CHECK(cache.name() == "memory");
  CHECK(cache.tier() == Tier::in_process);
  CHECK(cache.target() == "memory:");
  CHECK(cache.validate());
}

TEST_CASE("a value is replaced, removed and missed", "[memory]") {
  CheckedCache t;
  CHECK(t.get("k") == std::nullopt);
  t.set("k", "one");
  t.set("k", "another, longer one");
  CHECK(t.get("k") == "another, longer one");
  CHECK(t.cache.remove("k").value());
  CHECK_FALSE(t.cache.remove("k").value());
  CHECK(t.get("k") == std::nullopt);
  CHECK_FALSE(t.cache.exists("k").value());
  CHECK(t.stats().bytes == 0U);
}

TEST_CASE("keys and values may hold any bytes, and a value may be empty", "[memory]") {
  CheckedCache t;
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  t.set(bytes, bytes);
  t.set(std::string_view("a\0b", 3), "");
  CHECK(t.get(bytes) == bytes);
  CHECK(t.get(std::string_view("a\0b", 3)) == "");
  CHECK(t.get(std::string_view("a\0c", 3)) == std::nullopt);
}

TEST_CASE("an empty key and a key over 64 KiB are invalid arguments", "[memory]") {
  CheckedCache t;
  const std::string longest(65'536, 'k');
  t.set(longest, "v");
  CHECK(t.get(longest) == "v");
  CHECK(t.cache.set("", "v").error().code == Errc::invalid_argument);
  CHECK(t.cache.get("").error().code == Errc::invalid_argument);
  CHECK(t.cache.set(longest + "k", "v").error().code == Errc::invalid_argument);
  CHECK(t.cache.capabilities().max_key_bytes == longest.size());
}

TEST_CASE("set conditions hold for live entries only", "[memory]") {
  CheckedCache t;
  const SetOptions absent{.ttl = 10ms, .condition = SetCondition::if_absent};
  const SetOptions present{.condition = SetCondition::if_present};
  CHECK_FALSE(t.cache.set("k", "0", present).value());
  CHECK(t.cache.set("k", "1", absent).value());
  CHECK_FALSE(t.cache.set("k", "2", absent).value());
  CHECK(t.get("k") == "1");
  t.runtime.advance(10ms);
  CHECK_FALSE(t.cache.set("k", "3", present).value());
  CHECK(t.cache.set("k", "4", absent).value());
  CHECK(t.cache.set("k", "5", present).value());
  CHECK(t.get("k") == "5");
}

TEST_CASE("batches give an outcome per key, in order", "[memory]") {
  CheckedCache t;
  const std::vector<SetItem> items{{.key = "a", .value = "1"},
                                   {.key = "", .value = "2"},
                                   {.key = "c", .value = "3", .ttl = 5ms},
                                   {.key = "d", .value = "4", .ttl = 0ms}};
  const auto stored = t.cache.set_many(items);
  REQUIRE(stored.size() == 4);
  CHECK(stored[0].value());
  CHECK(stored[1].error().code == Errc::invalid_argument);
  CHECK(stored[2].value());
  CHECK(stored[3].error().code == Errc::invalid_argument);

  const std::vector<std::string_view> keys{"c", "", "x", "a"};
  const auto found = t.cache.get_many(keys);
  REQUIRE(found.size() == 4);
  CHECK(found[0].value() == "3");
  CHECK(found[1].error().code == Errc::invalid_argument);
  CHECK(found[2].value() == std::nullopt);
  CHECK(found[3].value() == "1");

  const auto removed = t.cache.remove_many(keys);
  REQUIRE(removed.size() == 4);
  CHECK(removed[0].value());
  CHECK_FALSE(removed[1]);
  CHECK_FALSE(removed[2].value());
  CHECK(removed[3].value());
  CHECK(t.cache.get_many({}).empty());
}

TEST_CASE("clear removes everything", "[memory]") {
  CheckedCache t;
  for (int i = 0; i < 1000; ++i) t.set("k" + std::to_string(i), "v", i % 2 ? Ttl(1s) : Ttl::none());
  REQUIRE(t.cache.clear());
  CHECK(t.stats().items == 0U);
  CHECK(t.stats().bytes == 0U);
  CHECK(t.get("k1") == std::nullopt);
}

TEST_CASE("ping answers for this process, and stats count what is held", "[memory]") {
  CheckedCache t({.capacity = mebibytes(4)});
  const PingReport ping = t.cache.ping();
  REQUIRE(ping.ok());
  CHECK(ping.nodes[0].endpoint == "memory");
  CHECK(ping.nodes[0].role == "in-process");
  t.set("key", "value");
  t.runtime.advance(90s);
  const NodeStats stats = t.stats();
  CHECK(stats.items == 1U);
  CHECK(stats.bytes == memory::entry_charge(3, 5));
  CHECK(stats.max_bytes == mebibytes(4).count);
  CHECK(stats.uptime_seconds == 90U);
  CHECK(stats.connections == std::nullopt);
}

TEST_CASE("hits and misses add up to the look-ups; sets and removals count as neither",
          "[memory]") {
  CheckedCache t;
  t.set("a", "1");
  t.set("short", "1", 1ms);
  t.runtime.advance(1ms);
  t.get("a");
  t.get("b");
  t.get("short");
  CHECK(t.cache.exists("a").value());
  const std::array<std::string_view, 3> keys{"a", "b", "c"};
  REQUIRE(t.cache.get_many(keys).size() == 3);
  CHECK(t.cache.remove("a").value());
  CHECK_FALSE(t.cache.remove("a").value());
  CHECK_FALSE(t.cache.get(""));

  const NodeStats stats = t.stats();
  CHECK(stats.hits == 3U);
  CHECK(stats.misses == 4U);
  CHECK(stats.expired == 1U);
  const MetricsSnapshot metrics = t.cache.metrics().snapshot();
  CHECK(metrics.hits == 3);
  CHECK(metrics.misses == 4);
  CHECK(metrics.errors == 1);
  CHECK(metrics.sets == 2);
  CHECK(metrics.removes == 1);
}

TEST_CASE("the first call of each backend is timed, and then a sample that stands for all",
          "[memory]") {
  InMemoryBackend other;
  REQUIRE(other.set("k", "v"));
  InMemoryBackend cache;
  REQUIRE(cache.set("k", "v"));
  const std::uint64_t first = cache.metrics().latency().count();
  CHECK((first == 1 || first == 64));  // The sample may hit it.
  for (int i = 0; i < 64'000; ++i) {   // In turn, which is nothing to the sample.
    REQUIRE(cache.get("k"));
    REQUIRE(other.get("k"));
  }
  for (const auto* one : {&cache, &other}) {
    const std::uint64_t timed = one->metrics().latency().count();
    CHECK((timed > 58'000 && timed < 70'000));
  }
}

TEST_CASE("a configuration that cannot work is refused by connect and by every call", "[memory]") {
  for (const InMemoryConfig& config :
       {InMemoryConfig{.capacity = {0}}, InMemoryConfig{.shards = 100'000},
        InMemoryConfig{.connection_timeout = 0ms}}) {
    InMemoryBackend cache(config);
    CHECK(cache.connect().error().code == Errc::invalid_argument);
    CHECK(cache.set("k", "v").error().code == Errc::invalid_argument);
    CHECK(cache.flush().error().code == Errc::invalid_argument);
    CHECK_FALSE(cache.ping().ok());
    CHECK(cache.stats().nodes.at(0).error);
  }
}
