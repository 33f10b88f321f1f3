#include "fixture.hpp"

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace cachekit;
using namespace std::chrono_literals;

namespace {

// Whatever is stored under a key begins with it, so that an answer for another key is noticed.
std::string value_for(const std::string& key, unsigned size) {
  return key + std::string(size, '.');
}

struct Worker {
  CheckedCache& shared;
  std::mt19937 random;
  int wrong = 0;

  unsigned below(unsigned bound) { return static_cast<unsigned>(random() % bound); }

  void step() {
    const std::string key = "key" + std::to_string(below(500)) + ":";
    InMemoryBackend& cache = shared.cache;
    switch (below(12)) {
      case 0:
      case 1:
      case 2: {
        const Ttl ttl = below(2) == 0 ? Ttl::none() : Ttl(std::chrono::milliseconds(1 + below(20)));
        if (!cache.set(key, value_for(key, below(3000)), {.ttl = ttl})) ++wrong;
        break;
      }
      case 3:
        if (!cache.remove(key)) ++wrong;
        break;
      case 4:
        if (!cache.touch(key, 5ms)) ++wrong;
        break;
      case 5:
        if (!cache.increment("counter")) ++wrong;
        break;
      case 6:
        if (below(50) == 0) scan();
        break;
      case 7:
        if (below(100) == 0 && !cache.stats().nodes.at(0).items) ++wrong;
        break;
      case 8:
        shared.runtime.advance(1ms);
        break;
      default: {
        const auto found = cache.get(key);
        if (!found || (*found && !(*found)->starts_with(key))) ++wrong;
      }
    }
  }

  void scan() {
    const auto done = shared.cache.scan({.pattern = "key1*", .page_size = 50}, [&](auto key) {
      if (!key.starts_with("key1")) ++wrong;
      return true;
    });
    if (!done) ++wrong;
  }
};

}  // namespace

TEST_CASE("eight threads at once get no wrong answer and break no structure", "[memory][stress]") {
  CheckedCache t({.capacity = kibibytes(512), .shards = 4});
  std::vector<Worker> workers;
  for (unsigned i = 0; i < 8; ++i) workers.push_back({t, std::mt19937(i)});
  std::vector<std::thread> threads;
  for (Worker& worker : workers) {
    threads.emplace_back([&worker] {
      for (int i = 0; i < 20'000; ++i) worker.step();
    });
  }
  for (std::thread& thread : threads) thread.join();
  int wrong = 0;
  for (const Worker& worker : workers) wrong += worker.wrong;
  CHECK(wrong == 0);
  CHECK(t.stats().bytes <= kibibytes(512).count);
}

TEST_CASE("no increment is lost when eight threads count", "[memory][stress]") {
  CheckedCache t;
  std::vector<std::thread> threads;
  std::atomic<int> failures{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 5000; ++n) {
        if (!t.cache.increment("n")) ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failures == 0);
  CHECK(t.get("n") == "40000");
}

TEST_CASE("threads that all connect at once load the snapshot once", "[memory][stress]") {
  const TempFolder folder;
  {
    CheckedCache t({.snapshot_file = folder / "s"});
    t.set("k", "v");
    REQUIRE(t.cache.flush());
  }
  CheckedCache t({.snapshot_file = folder / "s"});
  std::vector<std::thread> threads;
  std::atomic<int> hits{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      const auto found = t.cache.get("k");
      if (found && *found == "v") ++hits;
      static_cast<void>(t.cache.set("k" + std::to_string(i), "v"));
      static_cast<void>(t.cache.flush());
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(hits == 8);
  CHECK(t.stats().items == 9U);
}
