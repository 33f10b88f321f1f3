#include "subject.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;

namespace {

constexpr int thread_count = 8;
constexpr int calls_per_thread = 1'500;

// Counts what is wrong instead of checking, for Catch2's assertions belong to one thread.
struct Tally {
  std::atomic<int> errors{0};
  std::atomic<int> foreign_values{0};
  std::atomic<int> increments{0};

  void see(const std::string& key, const Result<std::optional<std::string>>& outcome) {
    if (!outcome) {
      ++errors;
    } else if (*outcome && (*outcome)->rfind(key + "=", 0) != 0) {
      ++foreign_values;
    }
  }
  template <typename T>
  void see(const Result<T>& outcome) {
    if (!outcome) ++errors;
  }
};

void run_mix(const Subject& cache, unsigned seed, Tally& tally) {
  std::mt19937 random(seed);
  const auto any_key = [&] { return cache.key("key" + std::to_string(random() % 40)); };
  for (int call = 0; call < calls_per_thread; ++call) {
    const std::string key = any_key(), other = any_key();
    const std::vector<std::string_view> keys{key, other};
    const std::string value = key + "=" + std::string(random() % 2'000, 'v');
    switch (random() % 8) {
      case 0:
        tally.see(cache->set(key, value));
        break;
      case 1:
        tally.see(cache->set(key, value, {.ttl = std::chrono::seconds(1)}));
        break;
      case 2:
        tally.see(cache->remove(key));
        break;
      case 3: {
        const auto outcomes = cache->get_many(keys);
        tally.see(key, outcomes.at(0));
        tally.see(other, outcomes.at(1));
        break;
      }
      case 4: {
        const auto sum = cache->increment(cache.key("count"));
        tally.see(sum);
        if (sum) ++tally.increments;
        break;
      }
      default:
        tally.see(key, cache->get(key));
    }
  }
}

}  // namespace

TEST_CASE("under many threads every value read belongs to its key and no count is lost",
          "[contract][threads]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  Tally tally;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < thread_count; ++i) {
    threads.emplace_back([&, i] { run_mix(cache, i, tally); });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(tally.errors == 0);
  CHECK(tally.foreign_values == 0);
  CHECK(must(cache->increment(cache.key("count"), 0)) == tally.increments);
}

TEST_CASE("of many threads that store if absent, one wins", "[contract][threads]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  for (int round = 0; round < 20; ++round) {
    const std::string key = cache.key(std::to_string(round));
    std::atomic<int> winners{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < thread_count; ++i) {
      threads.emplace_back([&] {
        const auto stored = cache->set(key, "mine", {.condition = SetCondition::if_absent});
        if (stored && *stored) ++winners;
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(winners == 1);
  }
}
