#include "memory/miss_ratio_curve.hpp"

#include "memory/keyed_hash.hpp"
#include "memory/shadow_cache.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string_view>
#include <thread>
#include <vector>

using namespace cachekit::memory;

namespace {

std::uint64_t hash_of(std::uint64_t number) {
  return keyed_hash({.first = 5, .second = 6},
                    std::string_view(reinterpret_cast<const char*>(&number), sizeof number));
}

double lru_hit_ratio(std::size_t capacity, const std::vector<std::uint64_t>& accesses) {
  const std::atomic<Admission> unused{Admission::filter};
  ShadowCache cache(capacity, make_policy(cachekit::EvictionPolicy::lru, unused));
  std::size_t hits = 0;
  for (const std::uint64_t number : accesses) {
    hits += cache.access(static_cast<std::uint32_t>(hash_of(number))) ? 1U : 0U;
  }
  return static_cast<double>(hits) / static_cast<double>(accesses.size());
}

// A curve, and what it asks for: how many look-ups there were.
struct Counted {
  std::atomic<std::uint64_t> look_ups{0};
  MissRatioCurve curve{[this] { return look_ups.load(); }};

  void play(const std::vector<std::uint64_t>& accesses) {
    for (const std::uint64_t number : accesses) {
      if (++look_ups % 256 == 0) curve.resume(cachekit::memory::Time());
      curve.note(hash_of(number));
    }
  }
};

std::vector<std::uint64_t> skewed(double keys, std::size_t count, unsigned seed = 9) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<std::uint64_t> accesses(count);
  for (std::uint64_t& number : accesses) {
    number = static_cast<std::uint64_t>(std::pow(keys, uniform(random)));
  }
  return accesses;
}

}  // namespace

TEST_CASE("the curve of a small set of keys is that of LRU", "[memory][curve]") {
  const auto accesses = skewed(3000, 80'000);
  Counted t;
  t.play(accesses);
  CHECK(t.curve.sampling() == Approx(1));
  for (const std::size_t entries : {30U, 100U, 300U, 1000U, 3000U}) {
    CHECK(*t.curve.hit_ratio(static_cast<double>(entries)) ==
          Approx(lru_hit_ratio(entries, accesses)).margin(0.02));
  }
}

TEST_CASE("the curve of many keys is about that of LRU, from a sample", "[memory][curve]") {
  const auto accesses = skewed(200'000, 1'000'000);
  Counted t;
  t.play(accesses);
  CHECK(t.curve.sampling() > 8);
  for (const std::size_t entries : {1000U, 10'000U, 50'000U}) {
    CHECK(*t.curve.hit_ratio(static_cast<double>(entries)) ==
          Approx(lru_hit_ratio(entries, accesses)).margin(0.06));
  }
}

TEST_CASE("the curve of a loop is a step at its length", "[memory][curve]") {
  std::vector<std::uint64_t> loop(200'000);
  for (std::size_t i = 0; i < loop.size(); ++i) loop[i] = i % 2000;
  Counted t;
  t.play(loop);
  CHECK(*t.curve.hit_ratio(1000) < 0.02);
  CHECK(*t.curve.hit_ratio(4000) > 0.95);
}

TEST_CASE("the curve follows when what is asked for changes, at a small share of the look-ups",
          "[memory][curve]") {
  Counted t;
  std::vector<std::uint64_t> narrow(50'000);
  for (std::size_t i = 0; i < narrow.size(); ++i) narrow[i] = i % 100;
  std::vector<std::uint64_t> wide(400'000);
  for (std::size_t i = 0; i < wide.size(); ++i) wide[i] = 1'000'000 + i % 1500;
  t.play(wide);
  REQUIRE(*t.curve.hit_ratio(200) < 0.1);
  for (int i = 0; i < 20; ++i) {
    t.look_ups += 25'600'000;  // Of which it was not told: so it may look again.
    t.play(narrow);
  }
  CHECK(*t.curve.hit_ratio(200) > 0.9);
}

TEST_CASE("a curve looks at a small share of many look-ups of few keys", "[memory][curve]") {
  Counted t;
  std::vector<std::uint64_t> loop(200'000);
  for (std::size_t i = 0; i < loop.size(); ++i) loop[i] = i % 50;
  t.play(loop);
  CHECK(t.curve.looked_at() < 70'000);
  t.look_ups += 256 * 100'000;
  t.play(loop);
  CHECK(t.curve.looked_at() > 70'000);
  CHECK(t.curve.looked_at() < 105'000);
}

TEST_CASE("a curve says nothing before it has seen enough", "[memory][curve]") {
  Counted t;
  CHECK_FALSE(t.curve.hit_ratio(100));
  t.play(skewed(100, 100));
  CHECK_FALSE(t.curve.hit_ratio(100));
}

TEST_CASE("threads may note and ask at once", "[memory][curve][stress]") {
  // Each thread has its own look-ups, by the same odds: so their order does not matter.
  constexpr unsigned count = 4;
  std::vector<std::vector<std::uint64_t>> shares;
  std::vector<std::uint64_t> all;
  for (unsigned i = 0; i < count; ++i) {
    shares.push_back(skewed(50'000, 100'000, i));
    all.insert(all.end(), shares.back().begin(), shares.back().end());
  }
  Counted t;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < count; ++i) {
    threads.emplace_back([&t, &share = shares[i]] {
      t.play(share);
      static_cast<void>(t.curve.hit_ratio(1000));
    });
  }
  for (std::thread& thread : threads) thread.join();
  // Look-ups that met another one are left out: what is left is a shorter trace, of which a larger
  // part asks for keys for the first time. None is taken for a hit.
  const auto told =
      static_cast<std::size_t>(static_cast<double>(t.curve.looked_at()) * t.curve.sampling());
  const std::vector<std::uint64_t> fewer(
      all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min(told, all.size())));
  const double hit_ratio = t.curve.hit_ratio(10'000).value();
  CHECK(hit_ratio > lru_hit_ratio(10'000, fewer) - 0.15);
  CHECK(hit_ratio < lru_hit_ratio(10'000, all) + 0.15);
}
