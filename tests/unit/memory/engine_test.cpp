// What the in-process cache offers beyond the common interface.

#include "fixture.hpp"
#include "memory/entry.hpp"

#include <atomic>
#include <map>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

using namespace cachekit;
using namespace std::chrono_literals;

namespace {

std::string numbered(int i) { return "key" + std::to_string(i); }

}  // namespace

TEST_CASE("a pinned value stays, whatever becomes of its entry", "[memory][pin]") {
  std::optional<PinnedValue> kept;
  {
    CheckedCache t;
    t.set("k", std::string(100'000, 'a'));
    auto pinned = t.cache.pin("k").value();
    REQUIRE(pinned);
    t.set("k", std::string(100'000, 'b'));
    CHECK(pinned->view() == std::string(100'000, 'a'));
    CHECK(t.get("k") == std::string(100'000, 'b'));
    CHECK(t.cache.remove("k").value());
    kept = std::move(pinned);
    CHECK(t.cache.pin("k").value() == std::nullopt);
    CHECK(t.cache.pin("").error().code == Errc::invalid_argument);
    CHECK(t.cache.metrics().snapshot().hits == 2);
    CHECK(t.cache.metrics().snapshot().misses == 1);
  }
  CHECK(kept->view() == std::string(100'000, 'a'));
}

TEST_CASE("a value that is not pinned is replaced in place, a pinned one is not", "[memory][pin]") {
  CheckedCache t;
  t.set("k", "one");
  const auto pinned = t.cache.pin("k").value();
  t.set("k", "two");
  CHECK(pinned->view() == "one");
  CHECK(t.get("k") == "two");
  t.set("k", "six", 5ms);
  t.set("k", "ten", 9ms);
  CHECK(t.cache.ttl("k").value() == Ttl(9ms));
  t.set("k", "");
  CHECK(t.get("k") == "");
}

TEST_CASE("read shows a value in place, and its visitor may call the cache", "[memory][pin]") {
  CheckedCache t;
  t.set("k", "value");
  std::string seen;
  CHECK(t.cache
            .read("k",
                  [&](std::string_view value) {
                    t.set("k", "other");
                    CHECK(t.cache.remove("k").value());
                    seen = value;
                  })
            .value());
  CHECK(seen == "value");
  CHECK_FALSE(t.cache.read("k", [&](std::string_view) { seen = "called"; }).value());
  CHECK(seen == "value");
}

TEST_CASE("max_entries bounds the number of entries, over all shards", "[memory][bounds]") {
  for (const std::size_t shards : {std::size_t{1}, std::size_t{7}}) {
    CheckedCache t({.max_entries = 100, .shards = shards});
    for (int i = 0; i < 1000; ++i) {
      t.set(numbered(i), "v");
      if (i % 50 == 0) REQUIRE(t.cache.validate());
    }
    CHECK(*t.stats().items <= 100U);
    CHECK(*t.stats().items >= 90U);
  }
  CheckedCache too_few({.max_entries = 3, .shards = 4});
  CHECK(too_few.cache.connect().error().code == Errc::invalid_argument);
}

TEST_CASE("bounds that the shards cannot keep are refused", "[memory][bounds]") {
  const Bytes most_a_shard = gibibytes(64);
  for (const InMemoryConfig& config :
       {InMemoryConfig{.capacity = {UINT64_MAX}},
        InMemoryConfig{.capacity = {UINT64_MAX}, .max_entries = 1000},
        InMemoryConfig{.capacity = {1'024 * most_a_shard.count + 1'024}},
        InMemoryConfig{.capacity = {1'024 * most_a_shard.count + 1}},
        InMemoryConfig{.capacity = {100 * most_a_shard.count}, .max_entries = 99}}) {
    InMemoryBackend cache(config);
    CHECK(cache.connect().error().code == Errc::invalid_argument);
    CHECK(cache.set("k", "v").error().code == Errc::invalid_argument);
  }
  CheckedCache t({.capacity = most_a_shard, .max_entries = 100, .shards = 1});
  CHECK(t.cache.capabilities().max_value_bytes > 0);
  t.set("k", "v");
  CHECK(t.cache.resize({most_a_shard.count + 1}).error().code == Errc::invalid_argument);
  CHECK(t.cache.resize({UINT64_MAX}, 5).error().code == Errc::invalid_argument);
  CHECK(t.cache.resize({0}).error().code == Errc::invalid_argument);
  CHECK(t.cache.resize(most_a_shard, 5));
  CHECK(t.get("k") == "v");
}

TEST_CASE("resize lets entries go at once where there are too many, and takes more in afterwards",
          "[memory][bounds]") {
  const auto policy = GENERATE(EvictionPolicy::adaptive, EvictionPolicy::lru, EvictionPolicy::fifo);
  CheckedCache t({.capacity = mebibytes(4), .policy = policy});
  const auto fill = [&] {
    for (int i = 0; i < 40'000; ++i) t.set(numbered(i), std::string(100, 'v'));
  };
  fill();
  const auto before = *t.stats().items;
  REQUIRE(t.cache.resize(mebibytes(1)));
  CHECK(*t.stats().bytes <= mebibytes(1).count);
  CHECK(t.stats().max_bytes == mebibytes(1).count);
  REQUIRE(t.cache.validate());
  fill();
  CHECK(*t.stats().bytes <= mebibytes(1).count);
  REQUIRE(t.cache.resize(mebibytes(64)));
  fill();
  CHECK(*t.stats().items == 40'000U);
  CHECK(before < 40'000U);
  REQUIRE(t.cache.resize(mebibytes(64), 50));
  CHECK(*t.stats().items <= 50U);
  CHECK(t.cache.resize({0}).error().code == Errc::invalid_argument);
  CheckedCache parted({.shards = 8});
  CHECK(parted.cache.resize(mebibytes(1), 7).error().code == Errc::invalid_argument);
  REQUIRE(parted.cache.resize(mebibytes(1), 8));
}

TEST_CASE("writers that meet a resize keep the cache within what it held, and shrink it",
          "[memory][bounds][stress]") {
  CheckedCache t({.capacity = mebibytes(4)});
  std::atomic<bool> stop{false};
  std::vector<std::thread> writers;
  for (int thread = 0; thread < 3; ++thread) {
    writers.emplace_back([&, thread] {
      for (int i = 0; !stop; ++i) {
        static_cast<void>(t.cache.set(numbered(thread * 1'000'000 + i % 30'000), "some value"));
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    REQUIRE(t.cache.resize(i % 2 == 0 ? kibibytes(256) : mebibytes(4)));
    REQUIRE(t.cache.validate());
  }
  REQUIRE(t.cache.resize(kibibytes(256)));
  stop = true;
  for (std::thread& writer : writers) writer.join();
  CHECK(*t.stats().bytes <= kibibytes(256).count);
}

TEST_CASE("clear ends while others go on writing, and what was there before is gone",
          "[memory][stress]") {
  CheckedCache t({.capacity = mebibytes(16)});
  for (int i = 0; i < 20'000; ++i) t.set("old" + std::to_string(i), "some value");
  std::vector<std::jthread> writers;
  for (int thread = 0; thread < 4; ++thread) {
    writers.emplace_back([&, thread](const std::stop_token& stop) {
      for (int i = 0; !stop.stop_requested(); ++i) {
        static_cast<void>(t.cache.set(numbered(thread * 1'000'000 + i % 30'000), "some value"));
      }
    });
  }
  REQUIRE(t.cache.clear());
  for (int i = 0; i < 20'000; ++i) CHECK(t.cache.exists("old" + std::to_string(i)) == false);
}

TEST_CASE("of two resizes at once one holds for all shards", "[memory][bounds][stress]") {
  CheckedCache t({.capacity = mebibytes(8), .shards = 64});
  const std::string value(200'000, 'v');
  for (int i = 0; i < 200; ++i) {
    std::thread other([&] { static_cast<void>(t.cache.resize(mebibytes(8))); });
    static_cast<void>(t.cache.resize(mebibytes(64)));
    other.join();
    int taken = 0;
    for (int k = 0; k < 100; ++k) {
      if (t.cache.set(numbered(k), value)) ++taken;
    }
    const bool large = t.stats().max_bytes == mebibytes(64).count;
    REQUIRE(taken == (large ? 100 : 0));
  }
}

TEST_CASE("hottest shows what is used most first, with what is left of its TTL", "[memory]") {
  CheckedCache t({.max_entries = 1000, .shards = 1});
  for (int i = 0; i < 3000; ++i) {
    t.set(numbered(i), "v", i % 2 == 0 ? Ttl(1h) : Ttl::none());
    for (int hot = 0; hot < 10; ++hot) {
      if (!t.get("hot" + std::to_string(hot))) t.set("hot" + std::to_string(hot), "v", 1min);
    }
  }
  std::map<std::string, std::size_t> position;
  REQUIRE(t.cache.hottest([&](const HotEntry& entry) {
    position.emplace(entry.key, position.size());
    if (entry.key.starts_with("hot")) CHECK(entry.ttl == Ttl(1min));
    t.set("while visited", "v");
    return true;
  }));
  CHECK(position.size() == 1000);
  for (int hot = 0; hot < 10; ++hot) CHECK(position.at("hot" + std::to_string(hot)) < 950);
  std::size_t visits = 0;
  REQUIRE(t.cache.hottest([&](const HotEntry&) { return ++visits < 5; }));
  CHECK(visits == 5);
}

TEST_CASE("get_many finds large and small values in all shards, in order", "[memory][batch]") {
  CheckedCache t({.shards = 5});
  std::vector<std::string> keys;
  for (int i = 0; i < 500; ++i) {
    keys.push_back(numbered(i));
    if (i % 3 != 0) t.set(keys.back(), std::string(static_cast<std::size_t>(i) * 20, 'v'));
  }
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  const auto values = t.cache.get_many(views);
  REQUIRE(values.size() == keys.size());
  int wrong = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool right =
        i % 3 == 0 ? !values[i].value() : values[i].value() == std::string(i * 20, 'v');
    wrong += right ? 0 : 1;
  }
  CHECK(wrong == 0);
}

TEST_CASE("set_many stores in all shards, an outcome for each, and the last of equal keys holds",
          "[memory][batch]") {
  CheckedCache t({.capacity = kibibytes(64), .shards = 3});
  const std::string large(60'000, 'x');
  std::vector<std::string> keys;
  for (int i = 0; i < 300; ++i) keys.push_back(numbered(i % 100));
  std::vector<std::string> values;
  for (int i = 0; i < 300; ++i) values.push_back("value " + std::to_string(i));
  std::vector<SetItem> items;
  for (std::size_t i = 0; i < keys.size(); ++i) items.push_back({keys[i], values[i], Ttl(1h)});
  items.push_back({"large", large});
  const auto outcomes = t.cache.set_many(items);
  REQUIRE(outcomes.size() == 301);
  int wrong = 0;
  for (std::size_t i = 0; i < 300; ++i) wrong += outcomes[i].value() ? 0 : 1;
  for (std::size_t i = 0; i < 100; ++i) wrong += t.get(keys[i]) == values[200 + i] ? 0 : 1;
  CHECK(wrong == 0);
  CHECK(outcomes[300].error().code == Errc::too_large);
  CHECK(outcomes[300].error().endpoint == "memory");
  CHECK(t.cache.ttl(keys[0]).value() == Ttl(1h));
  const auto absent =
      t.cache.set_many(std::span(items).first(2), {.condition = SetCondition::if_absent});
  CHECK_FALSE(absent[0].value());
}

TEST_CASE("large values keep to the conditions and bounds, one by one and in a batch",
          "[memory][batch]") {
  CheckedCache t({.capacity = mebibytes(2), .shards = 1});
  const std::string one(300'000, '1');
  const std::string other(300'000, '2');
  CHECK_FALSE(t.cache.set("k", one, {.condition = SetCondition::if_present}).value());
  CHECK(t.cache.set("k", one, {.condition = SetCondition::if_absent}).value());
  CHECK_FALSE(t.cache.set("k", other, {.condition = SetCondition::if_absent}).value());
  CHECK(t.get("k") == one);
  CHECK(t.cache.set("k", other, {.ttl = 1h, .condition = SetCondition::if_present}).value());
  CHECK(t.get("k") == other);
  CHECK(t.cache.ttl("k").value() == Ttl(1h));
  CHECK(t.cache.touch("k", 2h).value());
  CHECK(t.cache.touch("k", Ttl::none()).value());
  t.set("k", one);
  CHECK(t.cache.touch("k", 1h).value());
  CHECK(t.cache.touch("k", 3h).value());
  CHECK(t.get("k") == one);
  CHECK(t.cache.ttl("k").value() == Ttl(3h));
  const std::string too_large(3'000'000, 'x');
  std::vector<SetItem> items{{"a", one}, {"too large", too_large}, {"b", "small"}, {"a", other}};
  const auto outcomes = t.cache.set_many(items);
  CHECK(outcomes[0].value());
  CHECK(outcomes[1].error().code == Errc::too_large);
  CHECK(outcomes[2].value());
  CHECK(outcomes[3].value());
  CHECK(t.get("a") == other);
  CHECK(t.get("b") == "small");
  for (int i = 0; i < 20; ++i) t.set(numbered(i), one);
  CHECK(t.stats().bytes <= mebibytes(2).count);
}

TEST_CASE("a touch of a large value that others replace meanwhile takes effect on one of them",
          "[memory][stress]") {
  CheckedCache t({.capacity = mebibytes(8), .shards = 1});
  const std::string one(200'000, '1');
  const std::string other(200'000, '2');
  t.set("k", one);
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) static_cast<void>(t.cache.set("k", i % 2 == 0 ? other : one));
  });
  int wrong = 0;
  for (int i = 0; i < 100; ++i) {
    if (!t.cache.touch("k", 1h).value()) ++wrong;
    const auto value = t.cache.get("k").value();
    if (value != one && value != other) ++wrong;
  }
  stop = true;
  writer.join();
  CHECK(wrong == 0);
}

TEST_CASE("expired entries give their bytes back while others are written, untouched", "[memory]") {
  CheckedCache t({.shards = 1});
  for (int i = 0; i < 1000; ++i) t.set(numbered(i), std::string(1000, 'v'), 1h);
  t.runtime.advance(1h);
  for (int i = 0; i < 200; ++i) t.set("other", "v");
  CHECK(t.cache.metrics().snapshot().misses == 0);
  std::size_t left = 0;
  REQUIRE(t.cache.scan({}, [&](std::string_view) { return ++left > 0; }));
  CHECK(left == 1);
  CHECK(*t.stats().items == 1U);
}
