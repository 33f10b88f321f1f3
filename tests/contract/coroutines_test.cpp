#include "subject.hpp"
#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"

#include <algorithm>
#include <atomic>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <string>
#include <thread>

using namespace cachekit;
using namespace cachekit::test;

namespace {

// A coroutine that runs by itself; nobody awaits its end.
struct Task {
  struct promise_type {
    [[nodiscard]] Task get_return_object() const noexcept { return {}; }
    [[nodiscard]] std::suspend_never initial_suspend() const noexcept { return {}; }
    [[nodiscard]] std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
};

// Between which addresses the frames on one stack were.
struct Depth {
  std::uintptr_t lowest = UINTPTR_MAX;
  std::uintptr_t highest = 0;

  void see(std::uintptr_t at) {
    lowest = std::min(lowest, at);
    highest = std::max(highest, at);
  }
};

// What a coroutine tells the test.
struct Log {
  Gate over{};
  std::atomic<int> finished{0};
  std::atomic<int> errors{0};
  std::atomic<int> wrong{0};
  std::map<std::thread::id, Depth> depths{};  // One coroutine writes it.
};

Task write_then_read(CacheBackend& cache, std::string key, std::string value, Log& log) {
  const Result<bool> stored = co_await cache.async_set(key, value);
  const auto read = co_await cache.async_get(key);
  if (!stored || !read) ++log.errors;
  if (read && *read != value) ++log.wrong;
  ++log.finished;
}

Task count(CacheBackend& cache, std::string key, int times, Log& log) {
  for (int i = 0; i < times; ++i) {
    if (!co_await cache.async_increment(key)) ++log.errors;
    // The first steps may run deeper or higher, on the stack of the one who called.
    const auto at = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    if (i > 0) log.depths[std::this_thread::get_id()].see(at);
  }
  log.over.open();
}

Task await_one(Pending<bool> pending, std::atomic<int>& settled, std::atomic<int>& wrong) {
  const Result<bool> result = co_await std::move(pending);
  const bool known = result || result.error().code == Errc::cancelled ||
                     result.error().code == Errc::outcome_unknown;
  if (!known) ++wrong;
  ++settled;
}

}  // namespace

TEST_CASE("a thousand coroutines await their own results", "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  Log log;
  for (int i = 0; i < 1'000; ++i) {
    write_then_read(*cache, cache.key(std::to_string(i)), "v" + std::to_string(i), log);
  }
  CHECK(eventually([&] { return log.finished == 1'000; }));
  CHECK(log.errors == 0);
  CHECK(log.wrong == 0);
}

TEST_CASE("a loop of 10,000 awaits needs no more stack than one", "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  Log log;
  count(*cache, cache.key("n"), 10'000, log);
  REQUIRE(log.over.wait(std::chrono::seconds(120)));
  CHECK(log.errors == 0);
  CHECK(must(cache->increment(cache.key("n"), 0)) == 10'000);
  for (const auto& [thread, depth] : log.depths) CHECK(depth.highest - depth.lowest < 65'536);
}

TEST_CASE("a coroutine that awaits goes on when the backend is destroyed", "[contract][async]") {
  CACHEKIT_FOR_EACH_CANDIDATE(candidate);
  std::atomic<int> settled{0}, wrong{0};
  for (int round = 0; round < 20; ++round) {
    auto backend = candidate.make();
    for (int i = 0; i < 10; ++i) await_one(backend->async_set("await", "v"), settled, wrong);
    backend.reset();
    CHECK(settled == 10);
    settled = 0;
  }
  CHECK(wrong == 0);
}
