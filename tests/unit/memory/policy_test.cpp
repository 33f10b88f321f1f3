#include "memory/adaptive_policy.hpp"
#include "memory/duel.hpp"
#include "memory/ghost.hpp"
#include "memory/shadow_cache.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

using namespace cachekit::memory;

namespace {

// A hash for a number, as keys have them: spread, and the same every time.
std::uint32_t hash_of(std::uint64_t number) {
  number = (number + 1) * 0x9E3779B97F4A7C15U;
  number ^= number >> 31U;
  return static_cast<std::uint32_t>((number * 0xD6E8FEB86659FD93U) >> 32U);
}

double hit_ratio(ShadowCache& cache, const std::vector<std::uint64_t>& accesses) {
  std::size_t hits = 0;
  for (const std::uint64_t number : accesses) hits += cache.access(hash_of(number)) ? 1U : 0U;
  return static_cast<double>(hits) / static_cast<double>(accesses.size());
}

double adaptive(std::size_t capacity, const std::vector<std::uint64_t>& accesses,
                Admission admission = Admission::filter) {
  const std::atomic<Admission> chosen{admission};
  ShadowCache cache(capacity, std::make_unique<AdaptivePolicy>(chosen));
  return hit_ratio(cache, accesses);
}

double simple(cachekit::EvictionPolicy policy, std::size_t capacity,
              const std::vector<std::uint64_t>& accesses) {
  const std::atomic<Admission> unused{Admission::filter};
  ShadowCache cache(capacity, make_policy(policy, unused));
  return hit_ratio(cache, accesses);
}

// A skewed choice among `keys`, by the inverse of a power law.
std::vector<std::uint64_t> skewed(std::size_t keys, std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<std::uint64_t> accesses(count);
  for (std::uint64_t& number : accesses) {
    number = static_cast<std::uint64_t>(std::pow(static_cast<double>(keys), uniform(random)));
  }
  return accesses;
}

// Each key is asked for a few times within a short while, and never again.
std::vector<std::uint64_t> recent(std::size_t count, std::size_t window, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::uint64_t> accesses(count);
  for (std::size_t i = 0; i < count; ++i) accesses[i] = i / 4 + random() % window;
  return accesses;
}

}  // namespace

TEST_CASE("a loop longer than the cache hits for the part that fits, where LRU never does",
          "[memory][policy]") {
  std::vector<std::uint64_t> loop(100'000);
  for (std::size_t i = 0; i < loop.size(); ++i) loop[i] = i % 1000;
  CHECK(simple(cachekit::EvictionPolicy::lru, 800, loop) == 0);
  CHECK(adaptive(800, loop) > 0.7);
  CHECK(adaptive(400, loop) > 0.3);
}

TEST_CASE("a scan does not wash out what is used", "[memory][policy]") {
  std::vector<std::uint64_t> accesses = skewed(5000, 200'000, 1);
  std::vector<std::uint64_t> scanned;
  std::uint64_t next = 1'000'000;
  for (std::size_t i = 0; i < accesses.size(); ++i) {
    scanned.push_back(accesses[i]);
    if (i % 10'000 < 2000) scanned.push_back(next++);
  }
  const double lost_by_lru = simple(cachekit::EvictionPolicy::lru, 500, accesses) -
                             simple(cachekit::EvictionPolicy::lru, 500, scanned) * 1.2;
  const double lost = adaptive(500, accesses) - adaptive(500, scanned) * 1.2;
  CHECK(adaptive(500, scanned) > simple(cachekit::EvictionPolicy::lru, 500, scanned));
  CHECK(lost < lost_by_lru);
}

TEST_CASE("skewed accesses hit more than with LRU and FIFO", "[memory][policy]") {
  const auto accesses = skewed(100'000, 300'000, 2);
  for (const std::size_t capacity : {std::size_t{200}, std::size_t{2000}, std::size_t{20'000}}) {
    const double ratio = adaptive(capacity, accesses);
    CHECK(ratio > simple(cachekit::EvictionPolicy::lru, capacity, accesses));
    CHECK(ratio > simple(cachekit::EvictionPolicy::fifo, capacity, accesses));
  }
}

TEST_CASE("where reuse is recent the duel lets all keys in, and filters again after that",
          "[memory][policy]") {
  const auto accesses = recent(200'000, 600, 3);
  REQUIRE(adaptive(400, accesses, Admission::all) > adaptive(400, accesses) + 0.05);
  Duel duel;
  duel.fit(400);
  CHECK(duel.admission() == Admission::filter);
  for (const std::uint64_t number : accesses) duel.note(hash_of(number));
  CHECK(duel.admission() == Admission::all);
  for (std::size_t i = 0; i < 200'000; ++i) duel.note(hash_of(i % 500));
  CHECK(duel.admission() == Admission::filter);
}

TEST_CASE("a duel plays a sample of a large cache, and starts anew when that changes much",
          "[memory][policy]") {
  Duel duel;
  duel.fit(100'000);
  const auto accesses = recent(4'000'000, 150'000, 4);
  for (const std::uint64_t number : accesses) duel.note(hash_of(number));
  CHECK(duel.admission() == Admission::all);
  duel.fit(10);
  for (std::size_t i = 0; i < 10'000; ++i) duel.note(hash_of(i % 12));
  CHECK(duel.admission() == Admission::filter);
}

TEST_CASE("the ghost remembers keys and their times, each once", "[memory][policy]") {
  Ghost ghost(1000);
  for (std::uint32_t i = 0; i < 500; ++i) {
    ghost.add(hash_of(i), static_cast<Ghost::Time>(i), static_cast<Ghost::Time>(500));
  }
  int remembered = 0;
  for (std::uint32_t i = 0; i < 500; ++i) {
    const auto age = ghost.take(hash_of(i), 1000);
    if (age && *age == 1000 - i) ++remembered;
  }
  CHECK(remembered > 480);
  int strange = 0;
  for (std::uint32_t i = 0; i < 500; ++i) strange += ghost.take(hash_of(i), 1000) ? 1 : 0;
  CHECK(strange < 5);
}

TEST_CASE("a full ghost forgets the oldest first", "[memory][policy]") {
  Ghost ghost(64);
  for (std::uint32_t i = 0; i < 1000; ++i) {
    ghost.add(hash_of(i), static_cast<Ghost::Time>(i), static_cast<Ghost::Time>(i));
  }
  int old = 0;
  int fresh = 0;
  for (std::uint32_t i = 0; i < 900; ++i) old += ghost.take(hash_of(i), 1000) ? 1 : 0;
  for (std::uint32_t i = 980; i < 1000; ++i) fresh += ghost.take(hash_of(i), 1000) ? 1 : 0;
  CHECK(old <= 20);
  CHECK(fresh >= 15);
}
