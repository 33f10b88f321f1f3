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

using namespace cachekit;
using namespace cachekit::test;

namespace {

using Value = std::optional<std::string>;

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

struct Task {
  struct promise_type {
    [[nodiscard]] Task get_return_object() const noexcept { return {}; }
    [[nodiscard]] std::suspend_never initial_suspend() const noexcept { return {}; }
    [[nodiscard]] std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
};

Task ask_once(std::shared_ptr<CacheBackend> cache, Gate& over) {
  const Farewell farewell(over);
  static_cast<void>(co_await cache->async_get("lifetimes:k"));
  cache.reset();
}

}  // namespace

TEST_CASE("a callback may destroy its backend, and what is under way is settled",
          "[contract][async]") {
  const Kind kind = GENERATE(from_range(all_kinds));
  INFO("backend: " << to_string(kind));
  for (int round = 0; round < 20; ++round) {
    auto cache = make_backend(kind);
    std::atomic<int> settled{0};
    Gate destroyed;
    auto first = cache->async_get("lifetimes:k");
    for (int i = 0; i < 10; ++i) {
      cache->async_increment("lifetimes:n").then([&](const Result<std::int64_t>&) { ++settled; });
    }
    std::move(first).then([&](const Result<Value>&) {
      cache.reset();
      destroyed.open();
    });
    REQUIRE(destroyed.wait());
    CHECK(settled == 10);
  }
}

TEST_CASE("a callback may hold the last reference to its backend", "[contract][async]") {
  const Kind kind = GENERATE(from_range(all_kinds));
  INFO("backend: " << to_string(kind));
  for (int round = 0; round < 20; ++round) {
    std::shared_ptr<CacheBackend> cache = make_backend(kind);
    Gate over;
    auto pending = cache->async_get("lifetimes:k");
    pending.then([farewell = Farewell(over), held = std::move(cache)](const Result<Value>&) {});
    REQUIRE(over.wait());
  }
}

TEST_CASE("a request that is stopped may hold the last reference to its backend",
          "[contract][async]") {
  const Kind kind = GENERATE(from_range(all_kinds));
  INFO("backend: " << to_string(kind));
  for (int round = 0; round < 50; ++round) {
    std::shared_ptr<CacheBackend> cache = make_backend(kind);
    Gate over;
    std::stop_source source;
    auto pending = cache->async_get("lifetimes:k", {}, source.get_token());
    pending.then([farewell = Farewell(over), held = std::move(cache)](const Result<Value>&) {});
    source.request_stop();
    REQUIRE(over.wait());
  }
}

TEST_CASE("a coroutine may drop the last reference to the backend that resumed it",
          "[contract][async]") {
  const Kind kind = GENERATE(from_range(all_kinds));
  INFO("backend: " << to_string(kind));
  for (int round = 0; round < 20; ++round) {
    Gate over;
    ask_once(make_backend(kind), over);
    REQUIRE(over.wait());
  }
}
