#include "support/catch.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/memory.hpp>
#include <cachekit/virtual_runtime.hpp>

#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace cachekit;
using namespace std::chrono_literals;

namespace {

// The order in which ten tasks go on that give way three times each.
std::string order_of(std::uint64_t seed) {
  VirtualRuntime runtime(seed);
  std::string order;
  runtime.run([&] {
    for (char name = 'a'; name < 'k'; ++name) {
      runtime.execute([&, name] {
        for (int i = 0; i < 3; ++i) {
          order += name;
          runtime.yield();
        }
      });
    }
  });
  return order;
}

}  // namespace

TEST_CASE("a seed makes one order, and another one another", "[runtime][virtual]") {
  std::set<std::string> orders;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CHECK(order_of(seed) == order_of(seed));
    orders.insert(order_of(seed));
  }
  CHECK(orders.size() == 20);
}

TEST_CASE("virtual time passes only where all wait for it", "[runtime][virtual]") {
  VirtualRuntime runtime;
  const auto begun = runtime.now();
  std::vector<std::string> events;
  runtime.run([&] {
    runtime.execute([&] {
      runtime.sleep_for(24h);
      events.emplace_back("a day");
    });
    static_cast<void>(runtime.run_at(begun + 1s, [&] { events.emplace_back("a second"); }));
    const auto never = runtime.run_at(begun + 2s, [&] { events.emplace_back("never"); });
    CHECK(runtime.cancel(never));
    const Deadline deadline = Deadline::after(10ms);
    runtime.sleep_for(9ms);
    CHECK(deadline.remaining() == 1ms);
    runtime.sleep_for(1ms);
    CHECK(deadline.expired());
    events.emplace_back("a moment");
  });
  CHECK(events == std::vector<std::string>{"a moment", "a second", "a day"});
  CHECK(runtime.now() == begun + 24h);
}

TEST_CASE("a condition wakes those who wait, or their time does", "[runtime][virtual]") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    VirtualRuntime runtime(seed);
    std::mutex mutex;
    const auto changed = runtime.make_condition();
    int places = 0;
    int entered = 0;
    int late = 0;
    runtime.run([&] {
      for (int i = 0; i < 5; ++i) {
        runtime.execute([&] {
          std::unique_lock lock(mutex);
          const auto until = runtime.now() + 50ms;
          const bool in_time = changed->wait_until(lock, until, [&] { return places > 0; });
          in_time ? --places, ++entered : ++late;
        });
      }
      for (int i = 0; i < 3; ++i) {
        runtime.sleep_for(1ms);
        const std::lock_guard lock(mutex);
        ++places;
        changed->notify_one();
      }
    });
    CHECK(entered == 3);
    CHECK(late == 2);
  }
}

TEST_CASE("a virtual thread is waited for, in tasks and outside", "[runtime][virtual]") {
  VirtualRuntime runtime;
  bool slept = false;
  const auto begun = runtime.now();
  {
    const auto thread = runtime.start([&] {
      const auto inner = runtime.start([&] { runtime.sleep_for(5ms); });
      CHECK_FALSE(inner->is_current());
    });
    slept = runtime.now() == begun;
  }
  CHECK(slept);
  CHECK(runtime.now() == begun + 5ms);
}

TEST_CASE("what waits for what will never come is told", "[runtime][virtual]") {
  VirtualRuntime runtime;
  std::mutex mutex;
  const auto never = runtime.make_condition();
  CHECK_THROWS_AS(runtime.run([&] {
    std::unique_lock lock(mutex);
    static_cast<void>(never->wait_until(lock, Runtime::steady_time::max()));
  }),
                  std::logic_error);
}

TEST_CASE("exceptions are those of the task that throws them", "[runtime][virtual]") {
  VirtualRuntime runtime;
  std::string handled;
  runtime.run([&] {
    for (const char* const what : {"a", "b", "c"}) {
      runtime.execute([&, what] {
        try {
          throw std::runtime_error(what);
        } catch (const std::exception& problem) {
          runtime.yield();  // While it is being handled, others throw.
          try {
            throw;
          } catch (const std::runtime_error& same) {
            CHECK(&same == &problem);
            handled += same.what();
          }
        }
      });
    }
  });
  CHECK(handled.size() == 3);
  CHECK_THROWS_AS(runtime.run([] { throw std::invalid_argument("of a task"); }),
                  std::invalid_argument);
}

TEST_CASE("a cache in the process lives by virtual time", "[runtime][virtual]") {
  VirtualRuntime runtime;
  InMemoryBackend cache({}, runtime);
  runtime.run([&] {
    REQUIRE(cache.set("k", "v", {.ttl = Ttl(1h)}));
    runtime.sleep_for(59min);
    CHECK(cache.get("k").value() == "v");
    runtime.sleep_for(1min);
    CHECK(cache.get("k").value() == std::nullopt);
  });
}

TEST_CASE("both clocks advance, and the wall clock can be stepped alone", "[runtime][virtual]") {
  VirtualRuntime runtime;
  const auto now = runtime.now();
  const auto wall = runtime.wall();
  runtime.advance(5ms);
  CHECK(runtime.now() == now + 5ms);
  CHECK(runtime.wall() == wall + 5ms);
  runtime.step_wall(-1h);
  CHECK(runtime.now() == now + 5ms);
  CHECK(runtime.wall() == wall + 5ms - 1h);
  CHECK(runtime.random() != runtime.random());
}
