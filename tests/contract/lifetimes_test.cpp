// Callbacks and coroutines that hold the last reference to the backend that runs them.

#include "subject.hpp"
#include "support/catch.hpp"
#include "support/gate.hpp"

#include <atomic>
#include <coroutine>
#include <exception>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;

namespace {

using Found = std::optional<std::string>;

// Opens a gate when it goes, and so when what holds it has gone.
struct Farewell {
  explicit Farewell(Gate& over) : gate(&over) {}
  Farewell(Farewell&& other) noexcept : gate(std::exchange(other.gate, nullptr)) {}
  Farewell& operator=(Farewell&&) = delete;
  ~Farewell() {
    if (gate != nullptr) gate->open();
  }

  Gate* gate;
};

struct AskingTask {
  struct promise_type {
    [[nodiscard]] AskingTask get_return_object() const noexcept { return {}; }
    [[nodiscard]] std::suspend_never initial_suspend() const noexcept { return {}; }
    [[nodiscard]] std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
};

AskingTask ask_once(std::shared_ptr<CacheBackend> cache, Gate& over) {
  const Farewell farewell(over);
  static_cast<void>(co_await cache->async_get("lifetimes:k"));
  cache.reset();
}

}  // namespace

TEST_CASE("a callback may destroy its backend, and what is under way is settled",
          "[contract][async]") {
  CACHEKIT_FOR_EACH_CANDIDATE(candidate);
  for (int round = 0; round < 20; ++round) {
    auto cache = candidate.make();
    std::atomic<int> settled{0};
    Gate destroyed;
    auto first = cache->async_get("lifetimes:k");
    for (int i = 0; i < 10; ++i) {
      cache->async_increment("lifetimes:n").then([&](const Result<std::int64_t>&) { ++settled; });
    }
    std::move(first).then([&](const Result<Found>&) {
      cache.reset();
      destroyed.open();
    });
    REQUIRE(destroyed.wait());
    CHECK(settled == 10);
  }
}

TEST_CASE("a callback may hold the last reference to its backend", "[contract][async]") {
  CACHEKIT_FOR_EACH_CANDIDATE(candidate);
  for (int round = 0; round < 20; ++round) {
    std::shared_ptr<CacheBackend> cache = candidate.make();
    Gate over;
    auto pending = cache->async_get("lifetimes:k");
    pending.then([farewell = Farewell(over), held = std::move(cache)](const Result<Found>&) {});
    REQUIRE(over.wait());
  }
}

TEST_CASE("a request that is stopped may hold the last reference to its backend",
          "[contract][async]") {
  CACHEKIT_FOR_EACH_CANDIDATE(candidate);
  for (int round = 0; round < 50; ++round) {
    std::shared_ptr<CacheBackend> cache = candidate.make();
    Gate over;
    std::stop_source source;
    auto pending = cache->async_get("lifetimes:k", {.stop = source.get_token()});
    pending.then([farewell = Farewell(over), held = std::move(cache)](const Result<Found>&) {});
    source.request_stop();
    REQUIRE(over.wait());
  }
}

TEST_CASE("a coroutine may drop the last reference to the backend that resumed it",
          "[contract][async]") {
  CACHEKIT_FOR_EACH_CANDIDATE(candidate);
  for (int round = 0; round < 20; ++round) {
    Gate over;
    ask_once(candidate.make(), over);
    REQUIRE(over.wait());
  }
}

TEST_CASE("what a callback begins while its backend is destroyed is settled", "[contract][async]") {
  CACHEKIT_FOR_EACH_CANDIDATE(candidate);
  const std::string large(100'000, 'x');  // These go another way than small ones.
  auto cache = candidate.make();
  REQUIRE(cache->set("lifetimes:k", "v"));
  CacheBackend& used = *cache;
  Gate inside;
  Gate go_on;
  std::atomic<int> settled{0};
  const auto destroyer = std::this_thread::get_id();
  used.async_get("lifetimes:k").then([&](const Result<Found>&) {
    inside.open();
    if (std::this_thread::get_id() != destroyer) static_cast<void>(go_on.wait());
    for (int i = 0; i < 20; ++i) {
      const std::string key = "lifetimes:" + std::to_string(i);
      used.async_set(key, i % 2 == 0 ? large : "small").then([&](const Result<bool>&) {
        ++settled;
      });
    }
  });
  REQUIRE(inside.wait());
  std::thread opener(
      [&] { go_on.open(); });  // While the destructor waits for the callback, or sooner.
  cache.reset();
  opener.join();
  CHECK(settled == 20);
}

TEST_CASE("requests may be left and cancelled while their backend is destroyed",
          "[contract][async]") {
  CACHEKIT_FOR_EACH_CANDIDATE(candidate);
  constexpr int many = 64;
  for (int round = 0; round < 30; ++round) {
    auto cache = candidate.make();
    std::vector<Pending<std::optional<std::string>>> pending;
    pending.reserve(many);
    for (int i = 0; i < many; ++i) pending.push_back(cache->async_get("lifetimes:k"));
    std::atomic<int> settled{0};
    Gate begun;
    std::thread holder([&] {
      begun.open();
      for (auto& one : pending) {
        one.cancel();
        std::move(one).then([&](const Result<Found>&) { ++settled; });
      }
    });
    REQUIRE(begun.wait());
    cache.reset();
    holder.join();
    CHECK(settled == many);
  }
}
