#include "entries.hpp"
#include "memory/adaptive_policy.hpp"
#include "memory/admission_tuner.hpp"
#include "memory/ghost.hpp"
#include "memory/shadow_cache.hpp"
#include "support/catch.hpp"

#include <atomic>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

using namespace cachekit::memory;

namespace {

// A hash for a number, as keys have them: spread, and the same every time.
std::uint32_t key_hash(std::uint64_t number) {
  number = (number + 1) * 0x9E3779B97F4A7C15U;
  number ^= number >> 31U;
  return static_cast<std::uint32_t>((number * 0xD6E8FEB86659FD93U) >> 32U);
}

double hit_ratio(ShadowCache& cache, const std::vector<std::uint64_t>& accesses) {
  std::size_t hits = 0;
  for (const std::uint64_t number : accesses) hits += cache.access(key_hash(number)) ? 1U : 0U;
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
std::vector<std::uint64_t> skewed_keys(std::size_t keys, std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<std::uint64_t> accesses(count);
  for (std::uint64_t& number : accesses) {
    number = static_cast<std::uint64_t>(std::pow(static_cast<double>(keys), uniform(random)));
  }
  return accesses;
}

// A cache of values of different sizes, bounded by their bytes: room is made until a new one fits.
class SizedCache {
 public:
  explicit SizedCache(std::size_t capacity) : capacity_(capacity) {}

  // A look-up, and on a miss the storing that follows it; true for a hit.
  bool access(std::uint64_t number, std::size_t bytes) {
    if (const auto found = entries_.find(key_hash(number)); found != entries_.end()) {
      policy_.use(*found->second);
      return true;
    }
    for (; used_ + bytes > capacity_; policy_.reserve()) {
      const Entry& gone = policy_.evict();
      used_ -= gone.value_size;
      entries_.erase(gone.hash);
    }
    EntryPtr entry =
        make_entry({.text = "k", .hash = key_hash(number)}, std::string(bytes, 'v'), no_expiry);
    policy_.reserve();
    policy_.add(*entry);
    used_ += bytes;
    entries_.insert_or_assign(entry->hash, std::move(entry));
    return false;
  }

  AdaptivePolicy& policy() { return policy_; }

 private:
  const std::atomic<Admission> admission_{Admission::filter};
  AdaptivePolicy policy_{admission_};
  std::unordered_map<std::uint32_t, EntryPtr> entries_{};
  std::size_t capacity_;
  std::size_t used_ = 0;
};

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
  std::vector<std::uint64_t> accesses = skewed_keys(5000, 200'000, 1);
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

TEST_CASE("a scan does not wash out what is used where values differ in size", "[memory][policy]") {
  const auto accesses = skewed_keys(10'000, 200'000, 5);
  const auto used_part = [&](std::size_t most, std::size_t every_eighth) {
    SizedCache cache(200'000);  // For a thousand of those that are used.
    std::size_t hits = 0;
    for (std::size_t i = 0; i < accesses.size(); ++i) {
      hits += cache.access(accesses[i], 200) ? 1U : 0U;
      static_cast<void>(cache.access(1'000'000 + i, i % 8 == 0 ? every_eighth : most));
    }
    CHECK(cache.policy().consistent());
    return static_cast<double>(hits) / static_cast<double>(accesses.size());
  };
  const double of_one_size = used_part(200, 200);
  CHECK(of_one_size > 0.6);
  CHECK(used_part(40, 1'320) > of_one_size - 0.03);  // As many bytes, in a few large arrivals.
  CHECK(used_part(40, 8'000) > of_one_size - 0.1);
}

TEST_CASE("skewed accesses of many sizes hit as often as those of one", "[memory][policy]") {
  const auto accesses = skewed_keys(100'000, 300'000, 6);
  const auto ratio = [&](const auto& size_of) {
    SizedCache cache(200'000);
    std::size_t hits = 0;
    for (const std::uint64_t number : accesses) {
      hits += cache.access(number, size_of(number)) ? 1U : 0U;
    }
    return static_cast<double>(hits) / static_cast<double>(accesses.size());
  };
  const double of_one_size = ratio([](std::uint64_t) { return std::size_t{200}; });
  const double of_many = ratio([](std::uint64_t number) {  // From 16 to 1,024; 200 in the mean.
    const double spread = static_cast<double>(key_hash(number + 7) % 1'000) / 1'000;
    return static_cast<std::size_t>(16 * std::pow(64.0, spread) * 200 / 242);
  });
  CHECK(of_many > of_one_size - 0.02);
}

TEST_CASE("skewed accesses hit more than with LRU and FIFO", "[memory][policy]") {
  const auto accesses = skewed_keys(100'000, 300'000, 2);
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
  AdmissionTuner duel;
  duel.fit(400);
  CHECK(duel.admission() == Admission::filter);
  for (const std::uint64_t number : accesses) duel.note(key_hash(number));
  CHECK(duel.admission() == Admission::all);
  for (std::size_t i = 0; i < 200'000; ++i) duel.note(key_hash(i % 500));
  CHECK(duel.admission() == Admission::filter);
}

TEST_CASE("a duel plays a sample of a large cache, and starts anew when that changes much",
          "[memory][policy]") {
  AdmissionTuner duel;
  duel.fit(100'000);
  const auto accesses = recent(4'000'000, 150'000, 4);
  for (const std::uint64_t number : accesses) duel.note(key_hash(number));
  CHECK(duel.admission() == Admission::all);
  duel.fit(10);
  for (std::size_t i = 0; i < 10'000; ++i) duel.note(key_hash(i % 12));
  CHECK(duel.admission() == Admission::filter);
}

TEST_CASE("the ghost remembers keys and their times, each once", "[memory][policy]") {
  Ghost ghost(1000);
  for (std::uint32_t i = 0; i < 500; ++i) {
    ghost.add(key_hash(i), static_cast<Ghost::Time>(i), static_cast<Ghost::Time>(500));
  }
  int remembered = 0;
  for (std::uint32_t i = 0; i < 500; ++i) {
    const auto age = ghost.take(key_hash(i), 1000);
    if (age && *age == 1000 - i) ++remembered;
  }
  CHECK(remembered > 480);
  int strange = 0;
  for (std::uint32_t i = 0; i < 500; ++i) strange += ghost.take(key_hash(i), 1000) ? 1 : 0;
  CHECK(strange < 5);
}

TEST_CASE("a full ghost forgets the oldest first", "[memory][policy]") {
  Ghost ghost(64);
  for (std::uint32_t i = 0; i < 1000; ++i) {
    ghost.add(key_hash(i), static_cast<Ghost::Time>(i), static_cast<Ghost::Time>(i));
  }
  int old = 0;
  int fresh = 0;
  for (std::uint32_t i = 0; i < 900; ++i) old += ghost.take(key_hash(i), 1000) ? 1 : 0;
  for (std::uint32_t i = 980; i < 1000; ++i) fresh += ghost.take(key_hash(i), 1000) ? 1 : 0;
  CHECK(old <= 20);
  CHECK(fresh >= 15);
}
