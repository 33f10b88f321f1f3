// What the listener for removals hears, and when.

#include "fixture.hpp"

#include <algorithm>
#include <new>
#include <string>
#include <tuple>
#include <vector>

#include <fmt/format.h>

using namespace cachekit;
using namespace std::chrono_literals;

namespace {

using Seen = std::tuple<std::string, std::string, RemovalCause>;

// A cache that writes down what its listener hears.
struct Listened {
  explicit Listened(InMemoryConfig config = {}) : t(with_listener(std::move(config))) {}
  InMemoryConfig with_listener(InMemoryConfig config) {
    config.on_removal = [this](const Removal& removal) {
      seen.emplace_back(removal.key, removal.value, removal.cause);
    };
    return config;
  }
  std::vector<Seen> seen{};
  CheckedCache t;
};

// Counts how often a listener is called within itself.
class Depth {
 public:
  explicit Depth(int& now, int& deepest) : now_(now) { deepest = std::max(deepest, ++now_); }
  ~Depth() { --now_; }
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;

 private:
  int& now_;
};

}  // namespace

TEST_CASE("the listener hears once of each entry that is gone, and why", "[memory][listener]") {
  Listened l({.max_entries = 3, .policy = EvictionPolicy::lru, .shards = 1});
  l.t.set("a", "1");
  l.t.set("a", "2");
  l.t.set("b", "3", 5ms);
  l.t.set("c", "4");
  l.t.runtime.advance(5ms);
  l.t.set("d", "5");
  l.t.set("e", "6");
  CHECK(l.t.cache.remove("d").value());
  CHECK(l.t.cache.increment("n").value() == 1);
  const auto before_clear = static_cast<std::ptrdiff_t>(l.seen.size());
  REQUIRE(l.t.cache.clear());
  std::sort(l.seen.begin() + before_clear, l.seen.end());  // In no order of theirs.
  CHECK(l.seen == std::vector<Seen>{{"a", "1", RemovalCause::replaced},
                                    {"b", "3", RemovalCause::expired},
                                    {"a", "2", RemovalCause::evicted},
                                    {"d", "5", RemovalCause::removed},
                                    {"c", "4", RemovalCause::removed},
                                    {"e", "6", RemovalCause::removed},
                                    {"n", "1", RemovalCause::removed}});
}

TEST_CASE("an entry that gets its first TTL is not told of before it is gone",
          "[memory][listener]") {
  for (const std::size_t size : {std::size_t{10}, std::size_t{100'000}}) {
    Listened l({.max_entries = 3, .shards = 1});
    const std::string value(size, 'v');
    l.t.set("k", value);
    CHECK(l.t.cache.touch("k", Ttl(1h)).value());
    CHECK(l.seen.empty());
    l.t.runtime.advance(2h);
    l.t.set("other", "v");  // Writers take away what has expired.
    CHECK(l.seen == std::vector<Seen>{{"k", value, RemovalCause::expired}});
  }
}

TEST_CASE("clear ends, also where the listener puts back what was removed", "[memory][listener]") {
  for (const EvictionPolicy policy : {EvictionPolicy::adaptive, EvictionPolicy::lru}) {
    InMemoryBackend* cache = nullptr;
    int removed = 0;
    InMemoryBackend real({.policy = policy, .on_removal = [&](const Removal& removal) {
                            if (removal.cause != RemovalCause::removed) return;
                            ++removed;
                            static_cast<void>(cache->set(removal.key, removal.value));
                          }});
    cache = &real;
    for (int i = 0; i < 5'000; ++i) REQUIRE(real.set(std::to_string(i), "v"));
    REQUIRE(real.clear());
    CHECK(removed == 5'000);
    CHECK(real.stats().nodes[0].items == 5'000U);
    CHECK(real.validate());
  }
}

TEST_CASE("a listener may call the cache", "[memory][listener]") {
  InMemoryBackend* cache = nullptr;
  int stored = 0;
  InMemoryBackend real({.max_entries = 10, .on_removal = [&](const Removal& removal) {
                          if (removal.cause != RemovalCause::removed) return;
                          if (cache->set("last", removal.value).value()) ++stored;
                        }});
  cache = &real;
  REQUIRE(real.set("k", "v"));
  CHECK(real.remove("k").value());
  CHECK(stored == 1);
  CHECK(real.get("last").value() == "v");
  CHECK(real.validate());
}

TEST_CASE("a listener that always stores again is told after it has returned, and its call ends",
          "[memory][listener]") {
  InMemoryBackend* cache = nullptr;
  int depth = 0;
  int deepest = 0;
  int heard = 0;
  const int stores = GENERATE(1, 3);
  InMemoryBackend real({.max_entries = 10,
                        .policy = EvictionPolicy::fifo,
                        .shards = 1,
                        .on_removal = [&](const Removal&) {
                          const Depth inside(depth, deepest);
                          ++heard;
                          for (int i = 0; i < stores; ++i) {
                            CHECK(cache->set(fmt::format("again {} {}", heard, i), "v").value());
                          }
                        }});
  cache = &real;
  for (int i = 0; i < 11; ++i) REQUIRE(real.set("key" + std::to_string(i), "v"));
  CHECK(deepest == 1);
  CHECK(heard == 1 + 64);
  const NodeStats stats = real.stats().nodes.at(0);
  CHECK(stats.items == 10U);
  const auto untold =
      std::pair<std::string, std::string>("listener_untold", std::to_string(65 * stores - 64));
  CHECK(std::ranges::count(stats.raw, untold) == 1);
  CHECK(real.validate());
}

TEST_CASE("what leaves by a listener's own calls is told in the order of leaving",
          "[memory][listener]") {
  InMemoryBackend* cache = nullptr;
  std::vector<std::string> told;
  InMemoryBackend real({.shards = 1, .on_removal = [&](const Removal& removal) {
                          told.emplace_back(removal.key);
                          if (removal.key != "a") return;
                          CHECK(cache->remove("d").value());
                          CHECK(cache->remove("c").value());
                          told.emplace_back("a is done");
                        }});
  cache = &real;
  for (const char* key : {"a", "b", "c", "d"}) REQUIRE(real.set(key, "v", {.ttl = Ttl(1h)}));
  CHECK(real.remove("a").value());
  CHECK(told == std::vector<std::string>{"a", "a is done", "d", "c"});
  CHECK(real.remove("b").value());
  CHECK(told.back() == "b");
}

TEST_CASE("listeners of two caches that store in each other are not called within themselves",
          "[memory][listener]") {
  InMemoryBackend* other = nullptr;
  int depth = 0;
  int deepest = 0;
  int stored = 0;
  const auto store_in = [&](InMemoryBackend*& cache) {
    return [&](const Removal&) {
      const Depth inside(depth, deepest);
      CHECK(cache->set("key" + std::to_string(stored++), "v").value());
    };
  };
  InMemoryBackend* one = nullptr;
  InMemoryBackend first({.max_entries = 5, .shards = 1, .on_removal = store_in(other)});
  InMemoryBackend second({.max_entries = 5, .shards = 1, .on_removal = store_in(one)});
  one = &first;
  other = &second;
  for (int i = 0; i < 6; ++i) REQUIRE(second.set("begin" + std::to_string(i), "v"));
  for (int i = 0; i < 1'000; ++i) REQUIRE(first.set("begin" + std::to_string(i), "v"));
  CHECK(stored > 50'000);
  CHECK(deepest <= 2);
  CHECK(first.validate());
  CHECK(second.validate());
}

TEST_CASE("a listener that throws hears of each entry once, and of the rest; stats count it",
          "[memory][listener]") {
  std::vector<std::string> told;
  CheckedCache t({.max_entries = 3,
                  .policy = EvictionPolicy::fifo,
                  .shards = 1,
                  .on_removal = [&](const Removal& removal) {
                    told.emplace_back(removal.key);
                    if (removal.key == "a") throw std::bad_alloc();
                    if (removal.key == "b") throw 7;
                  }});
  for (const char* key : {"a", "b", "c", "d"}) t.set(key, "v");
  CHECK(told == std::vector<std::string>{"a"});
  REQUIRE(t.cache.clear());
  std::ranges::sort(told);  // `clear` has an order of its own.
  CHECK(told == std::vector<std::string>{"a", "b", "c", "d"});
  const auto raw = t.stats().raw;
  CHECK(std::ranges::count(raw, std::pair<std::string, std::string>{"listener_errors", "2"}) == 1);
}
