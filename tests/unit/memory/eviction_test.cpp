#include "fixture.hpp"
#include "memory/entry.hpp"

#include <string>

using namespace cachekit;
using namespace std::chrono_literals;

namespace {

// Room for exactly `entries` entries with keys of one byte and values of one.
InMemoryConfig room_for(std::size_t entries) {
  return {.capacity = {entries * memory::entry_charge(1, 1)},
          .policy = EvictionPolicy::lru,
          .shards = 1};
}

// Asks for each of so many keys, stores those that are not there, and says how many were.
int pass_over(CheckedCache& t, int keys) {
  int hits = 0;
  for (int i = 0; i < keys; ++i) {
    const std::string key = "key" + std::to_string(i);
    if (t.get(key)) {
      ++hits;
    } else {
      t.set(key, "v");
    }
  }
  return hits;
}

}  // namespace

TEST_CASE("the least recently used entry makes room", "[memory][eviction]") {
  CheckedCache t(room_for(3));
  t.set("a", "1");
  t.set("b", "2");
  t.set("c", "3");
  CHECK(t.get("a") == "1");
  t.set("d", "4");
  CHECK(t.get("b") == std::nullopt);
  CHECK(t.get("a") == "1");
  CHECK(t.get("c") == "3");
  CHECK(t.get("d") == "4");
  CHECK(t.stats().evictions == 1U);
}

TEST_CASE("touch is a use; exists and ttl are none", "[memory][eviction]") {
  InMemoryConfig config = room_for(1);
  config.capacity.count += memory::entry_charge(1, 1, true);
  CheckedCache t(config);
  t.set("a", "1");
  t.set("b", "2");
  CHECK(t.cache.touch("a", 1h).value());
  CHECK(t.cache.exists("b").value());
  CHECK(t.cache.ttl("b").value());
  t.set("c", "3");
  CHECK(t.get("b") == std::nullopt);
  CHECK(t.get("a") == "1");
}

TEST_CASE("expired entries go before any that is alive", "[memory][eviction]") {
  InMemoryConfig config = room_for(2);
  config.capacity.count += memory::entry_charge(1, 1, true);
  CheckedCache t(config);
  t.set("a", "1");
  t.set("b", "2", 1ms);
  t.set("c", "3");
  t.runtime.advance(1ms);
  t.set("d", "4");
  CHECK(t.get("a") == "1");
  CHECK(t.get("c") == "3");
  CHECK(t.stats().evictions == 0U);
  CHECK(t.stats().expired == 1U);
}

TEST_CASE("thousands of expired entries go before those that are alive", "[memory][eviction]") {
  std::uint64_t dead_called_evicted = 0;
  InMemoryConfig config{.capacity = mebibytes(4), .policy = EvictionPolicy::lru, .shards = 1};
  config.on_removal = [&](const Removal& removal) {
    const bool dead = removal.key.starts_with("dead");
    if (dead && removal.cause == RemovalCause::evicted) ++dead_called_evicted;
  };
  CheckedCache t(config);
  for (int i = 0; i < 10'000; ++i) {
    t.set("live" + std::to_string(i), std::string(80, 'v'));
    t.set("dead" + std::to_string(i), std::string(80, 'v'), 10min + std::chrono::milliseconds(i));
  }
  REQUIRE(t.cache.metrics().snapshot().sets == 20'000);
  SECTION("when one large entry wants room") {
    t.runtime.advance(1h);
    t.set("large", std::string(2'000'000, 'v'));
    CHECK(t.stats().evictions == 0U);
  }
  SECTION("when small entries want room, one after the other") {
    t.runtime.advance(1h);
    for (int i = 0; i < 12'000; ++i) t.set("new" + std::to_string(i), std::string(80, 'v'));
    CHECK(t.stats().evictions == 0U);
  }
  SECTION("when there is to be less room") {
    t.runtime.advance(1h);
    REQUIRE(t.cache.resize(mebibytes(2)));
    CHECK(t.stats().evictions == 0U);
  }
  CHECK(dead_called_evicted == 0);
}

TEST_CASE("the bytes held never exceed the capacity", "[memory][eviction]") {
  CheckedCache t({.capacity = kibibytes(256), .shards = 4});
  for (int i = 0; i < 5000; ++i) {
    t.set("key" + std::to_string(i), std::string(static_cast<std::size_t>(i * 31 % 2000), 'v'));
    if (i % 100 == 0) REQUIRE(t.cache.validate());
  }
  CHECK(t.stats().bytes <= kibibytes(256).count);
  CHECK(t.stats().bytes > kibibytes(200).count);
}

TEST_CASE("an entry that is too large with a TTL goes when it is given one", "[memory][eviction]") {
  CheckedCache t({.capacity = {memory::entry_charge(1, 100)}, .shards = 1});
  t.set("k", std::string(100, 'v'));
  CHECK_FALSE(t.cache.touch("k", 1h).value());
  CHECK(t.get("k") == std::nullopt);
  CHECK(t.stats().evictions == 1U);
  t.set("k", std::string(60, 'v'));
  CHECK(t.cache.touch("k", 1h).value());
  CHECK(t.stats().bytes <= memory::entry_charge(1, 100));
}

TEST_CASE("a value over a shard's share is too large, and no older value stays", "[memory]") {
  CheckedCache t({.capacity = kibibytes(8), .shards = 1});
  const std::string largest(t.cache.capabilities().max_value_bytes, 'v');
  const std::string larger(largest.size() + 1, 'v');
  t.set("k", largest);
  CHECK(t.get("k") == largest);
  const auto refused = t.cache.set("k", larger);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::too_large);
  CHECK(refused.error().endpoint == "memory");
  CHECK_FALSE(refused.error().hint.empty());
  CHECK(t.get("k") == std::nullopt);

  t.set("k", "old");
  const SetItem item{.key = "k", .value = larger};
  CHECK(t.cache.set_many({&item, 1}).at(0).error().code == Errc::too_large);
  CHECK(t.get("k") == std::nullopt);

  t.set("k", "old");
  CHECK(t.cache.set("k", larger, {.condition = SetCondition::if_absent}).error().code ==
        Errc::too_large);
  CHECK(t.get("k") == "old");
}

TEST_CASE("max_value is the longest value that a set stores, to the byte", "[memory][limits]") {
  const auto check = [](CheckedCache& t) {
    const std::size_t most = t.cache.capabilities().max_value_bytes;
    const std::string value(most + 1, 'v');
    t.set("k", std::string_view(value).substr(0, most));
    CHECK(t.get("k")->size() == most);
    const auto refused = t.cache.set("k", value);
    CHECK(refused.error().code == Errc::too_large);
    CHECK(refused.error().message.find("at most " + std::to_string(most)) != std::string::npos);
    CHECK(t.get("k") == std::nullopt);
  };
  for (const std::uint64_t capacity : {65U, 1'000U, 4'159U, 4'160U, 65'536U, 9'999'999U}) {
    CheckedCache chosen({.capacity = {capacity}});
    check(chosen);
    for (const std::size_t shards : {1U, 2U, 3U, 15U, 64U}) {
      if (capacity / shards < memory::entry_charge(1, 0)) continue;
      CheckedCache t({.capacity = {capacity}, .shards = shards});
      check(t);
      REQUIRE(t.cache.resize({capacity * 2 + 1}));
      check(t);
    }
  }
}

TEST_CASE("a value that is too large learns how much fits under its key", "[memory][limits]") {
  CheckedCache t({.capacity = kibibytes(16), .shards = 2});
  const std::string key(300, 'k');
  const std::string value(20'000, 'v');
  for (const Ttl ttl : {Ttl::none(), Ttl(1h)}) {
    const std::size_t most = memory::largest_value(8'192, key.size(), ttl.expires());
    const std::string refusal = t.cache.set(key, value, {.ttl = ttl}).error().message;
    CHECK(refusal.find("at most " + std::to_string(most)) != std::string::npos);
    t.set(key, std::string_view(value).substr(0, most), ttl);
    CHECK_FALSE(t.cache.set(key, std::string_view(value).substr(0, most + 1), {.ttl = ttl}));
  }
  const std::string longest(9'000, 'k');
  const std::string refusal = t.cache.set(longest, "").error().message;
  CHECK(refusal.find("holds none") != std::string::npos);
}

TEST_CASE("a cache that was cleared takes new keys as a fresh one does, without filtering",
          "[memory][eviction]") {
  CheckedCache fresh({.max_entries = 1000, .shards = 1});
  CheckedCache cleared({.max_entries = 1000, .shards = 1});
  for (int i = 0; i < 3000; ++i) cleared.set("other" + std::to_string(i), "v");
  REQUIRE(cleared.cache.clear());
  for (CheckedCache* t : {&fresh, &cleared}) {  // A loop that is longer than the cache.
    CHECK(pass_over(*t, 1200) == 0);
    CHECK(pass_over(*t, 1200) > 700);
  }
}

TEST_CASE("a cache that was given more room fills it without filtering", "[memory][eviction]") {
  CheckedCache t({.max_entries = 100, .shards = 1});
  for (int i = 0; i < 300; ++i) t.set("other" + std::to_string(i), "v");
  REQUIRE(t.cache.resize(mebibytes(64), 1000));
  CHECK(pass_over(t, 1200) == 0);
  CHECK(pass_over(t, 1200) > 700);
}
