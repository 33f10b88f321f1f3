// What a cache has learnt about its use.

#include "fixture.hpp"
#include "memory/age.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

using namespace cachekit;
using namespace std::chrono_literals;

namespace {

struct Ages {
  std::uint64_t young = 0;  // Below a minute.
  std::uint64_t old = 0;
};

Ages ages_of(const std::vector<AgeBucket>& buckets) {
  Ages ages;
  for (const AgeBucket& bucket : buckets)
    (bucket.below <= 1min ? ages.young : ages.old) += bucket.count;
  return ages;
}

double at_once_the_size(const InMemoryBackend& cache) {
  return cache.insights().sizing.at(1).hit_ratio.value();
}

}  // namespace

TEST_CASE("the age of a hit is that of the moment, whether anything was written since",
          "[memory][insights]") {
  CheckedCache t;
  t.set("k", "v");
  t.runtime.advance(1h);
  const std::array<std::string_view, 2> keys{"k", "k"};
  for (int i = 0; i < 6'400; ++i) {
    t.get("k");
    REQUIRE(t.cache.pin("k").value());
    REQUIRE(t.cache.get_many(keys).at(1).value());
  }
  const Ages ages = ages_of(t.cache.insights().hit_ages);
  CHECK(ages.young == 0);
  CHECK((ages.old > 350 && ages.old < 450));  // One in 64.
}

TEST_CASE("nothing is younger than new", "[memory][insights]") {
  const memory::Time now{24h};
  CHECK(memory::age(memory::age_tick(now - 1h), now) == 1h / memory::age_tick_length);
  CHECK(memory::age(memory::age_tick(now), now) == 0);
  CHECK(memory::age(memory::age_tick(now + 1s), now) == 0);
}

TEST_CASE("ages at eviction are those of entries that were alive", "[memory][insights]") {
  CheckedCache t({.max_entries = 100, .policy = EvictionPolicy::fifo, .shards = 1});
  for (int i = 0; i < 100; ++i) t.set("old" + std::to_string(i), "v");
  t.runtime.advance(1h);
  for (int i = 0; i < 150; ++i) t.set("new" + std::to_string(i), "v");
  const Ages ages = ages_of(t.cache.insights().eviction_ages);
  CHECK(ages.old == 100);
  CHECK(ages.young == 50);
}

TEST_CASE("sizing follows a use that is batches only, or pins", "[memory][insights]") {
  const bool pins = GENERATE(true, false);
  CheckedCache t;
  const auto look_up = [&](const std::string& key) {
    const std::array<std::string_view, 1> keys{key};
    pins ? void(t.cache.pin(key)) : void(t.cache.get_many(keys));
  };
  for (int i = 0; i < 1000; ++i) t.set("hot" + std::to_string(i), "v");
  for (int i = 0; i < 100'000; ++i) look_up("hot" + std::to_string(i % 1000));
  CHECK(at_once_the_size(t.cache) > 0.9);
  for (int minute = 0; minute < 10; ++minute) {
    t.runtime.advance(1min);
    static_cast<void>(t.cache.insights());
    for (int i = 0; i < 100'000; ++i) look_up("new" + std::to_string(minute * 100'000 + i));
  }
  CHECK(at_once_the_size(t.cache) < 0.6);
}

TEST_CASE("sizing follows the use of a cache that never evicts, whatever its policy",
          "[memory][insights]") {
  const auto policy = GENERATE(EvictionPolicy::adaptive, EvictionPolicy::lru);
  CheckedCache t({.policy = policy});
  for (int i = 0; i < 1000; ++i) t.set("hot" + std::to_string(i), "v");
  for (int i = 0; i < 100'000; ++i) t.get("hot" + std::to_string(i % 1000));
  CHECK(at_once_the_size(t.cache) > 0.9);
  for (int minute = 0; minute < 10; ++minute) {
    t.runtime.advance(1min);
    for (int i = 0; i < 100'000; ++i) t.get("new" + std::to_string(minute * 100'000 + i));
  }
  CHECK(at_once_the_size(t.cache) < 0.6);
}
