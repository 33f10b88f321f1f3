#include "core/thread_slot.hpp"

#include "support/catch.hpp"

#include <cachekit/metrics.hpp>

#include <algorithm>
#include <latch>
#include <thread>
#include <vector>

using namespace cachekit;
using core::ThreadSlot;

namespace {

// The slots of so many threads that live at the same time.
std::vector<ThreadSlot> slots_of(std::size_t count) {
  std::vector<ThreadSlot> slots(count, ThreadSlot::mine());
  std::latch all_have_one(static_cast<std::ptrdiff_t>(count));
  std::vector<std::thread> threads;
  for (ThreadSlot& slot : slots) {
    threads.emplace_back([&] {
      slot = ThreadSlot::mine();
      all_have_one.arrive_and_wait();
    });
  }
  for (std::thread& thread : threads) thread.join();
  return slots;
}

}  // namespace

TEST_CASE("a thread keeps its slot", "[core][slot]") {
  const ThreadSlot first = ThreadSlot::mine();
  const ThreadSlot second = ThreadSlot::mine();
  CHECK(first.number() == second.number());
  CHECK(first.owned() == second.owned());
}

TEST_CASE("no two threads own a slot at the same time", "[core][slot]") {
  for (int round = 0; round < 20; ++round) {
    const std::vector<ThreadSlot> slots = slots_of(3 * ThreadSlot::count);
    std::vector<std::size_t> owned;
    for (const ThreadSlot slot : slots) {
      CHECK(slot.number() < ThreadSlot::count);
      if (slot.owned()) owned.push_back(slot.number());
    }
    std::sort(owned.begin(), owned.end());
    CHECK(std::adjacent_find(owned.begin(), owned.end()) == owned.end());
    // All are given back each time, but for the one of the test itself.
    CHECK(owned.size() >= ThreadSlot::count - 1);
  }
}

TEST_CASE("metrics lose no count, however many threads there are", "[core][slot][stress]") {
  CacheMetrics metrics;
  for (int round = 0; round < 10; ++round) {
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < 3 * ThreadSlot::count; ++i) {
      threads.emplace_back([&metrics] {
        for (int k = 0; k < 1000; ++k) metrics.count(CacheMetrics::Event::hit);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  CHECK(metrics.snapshot().hits == 10 * 3 * ThreadSlot::count * 1000);
}
