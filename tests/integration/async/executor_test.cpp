#include "caches.hpp"
#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"
#include "support/servers.hpp"

#include <cachekit/executor.hpp>
#include <cachekit/redis.hpp>

#include <atomic>
#include <coroutine>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <asio/post.hpp>
#include <asio/thread_pool.hpp>

using namespace cachekit;
using namespace cachekit::test;

namespace {

using Value = Result<std::optional<std::string>>;

// One thread of the user's. It outlives the backends whose results go to it.
class Worker {
 public:
  Worker() {
    run([&] { id_ = std::this_thread::get_id(); });
    CHECK(started_.wait());
  }
  ~Worker() { pool_.join(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  [[nodiscard]] bool is_here() const { return std::this_thread::get_id() == id_; }
  [[nodiscard]] auto executor() {
    return [this](auto work) { asio::post(pool_, std::move(work)); };
  }

 private:
  template <typename F>
  void run(F f) {
    asio::post(pool_, [this, f] {
      f();
      started_.open();
    });
  }

  Gate started_;
  std::thread::id id_;
  asio::thread_pool pool_{1};
};

// A coroutine that runs by itself; nobody awaits its end.
struct Detached {
  struct promise_type {
    [[nodiscard]] Detached get_return_object() const noexcept { return {}; }
    [[nodiscard]] std::suspend_never initial_suspend() const noexcept { return {}; }
    [[nodiscard]] std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
};

struct Seen {
  Gate over{};
  bool here = false;
  Value value{};
};

template <Executor E>
Detached get_on(CacheBackend& cache, E executor, const Worker& worker, Seen& seen) {
  seen.value = co_await on(executor, cache.async_get("k"));
  seen.here = worker.is_here();
  seen.over.open();
}

template <Executor E>
Detached count_on(CacheBackend& cache, E executor, const Worker& worker,
                  std::atomic<int>& elsewhere, Gate& over) {
  for (int i = 0; i < 1'000; ++i) {
    const auto sum = co_await on(executor, cache.async_increment("n"));
    if (sum != i + 1 || !worker.is_here()) ++elsewhere;
  }
  over.open();
}

}  // namespace

TEST_CASE("a coroutine goes on where its executor takes it, also with a result that is there",
          "[async][executor]") {
  Worker worker;
  const auto cache = make_cache(GENERATE(true, false));
  must(cache->set("k", "v"));
  Seen seen;
  get_on(*cache, worker.executor(), worker, seen);
  REQUIRE(seen.over.wait());
  CHECK(seen.value == "v");
  CHECK(seen.here);
  std::atomic<int> elsewhere{0};
  Gate over;
  count_on(*cache, worker.executor(), worker, elsewhere, over);
  REQUIRE(over.wait());
  CHECK(elsewhere == 0);
}

TEST_CASE("a callback runs where its executor takes it, and may wait there for the backend",
          "[async][executor]") {
  Worker worker;
  const auto cache = make_cache(GENERATE(true, false));
  must(cache->set("k", "v"));
  Seen seen;
  on(worker.executor(), cache->async_get("k")).then([&](Value value) {
    seen.here = worker.is_here();
    seen.value = std::move(value).and_then([&](const auto&) { return cache->get("k"); });
    seen.over.open();
  });
  REQUIRE(seen.over.wait());
  CHECK(seen.value == "v");
  CHECK(seen.here);
}

TEST_CASE("a callback can keep what cannot be copied", "[async][executor]") {
  Worker worker;
  const auto cache = make_cache(true);
  Gate over;
  int got = 0;
  on(worker.executor(), cache->async_set("k", "v"))
      .then([&, kept = std::make_unique<int>(7)](const Result<bool>&) {
        got = *kept;
        over.open();
      });
  REQUIRE(over.wait());
  CHECK(got == 7);
}

TEST_CASE("where an executor takes nothing, it goes on where the result is", "[async][executor]") {
  const Worker worker;
  const auto cache = make_cache(GENERATE(true, false));
  must(cache->set("k", "v"));
  const auto full = [](const auto& /*work*/) { throw std::bad_alloc(); };
  Seen awaited;
  get_on(*cache, full, worker, awaited);
  REQUIRE(awaited.over.wait());
  CHECK(awaited.value == "v");
  Seen called;
  on(full, cache->async_get("k")).then([&](Value value) {
    called.value = std::move(value);
    called.over.open();
  });
  REQUIRE(called.over.wait());
  CHECK(called.value == "v");
}

TEST_CASE("what a backend that is destroyed settles goes through the executor, too",
          "[async][executor]") {
  RedisServer server;
  auto cache =
      std::make_unique<RedisBackend>(RedisConfig{.host = server.host(), .port = server.port()});
  must(cache->connect());
  server.stop();
  Worker worker;
  Seen seen;
  get_on(*cache, worker.executor(), worker, seen);
  cache.reset();
  REQUIRE(seen.over.wait());
  CHECK(code_of(seen.value) == "cancelled");
  CHECK(seen.here);
}

TEST_CASE("one that holds nothing says so on the executor", "[async][executor]") {
  Worker worker;
  Gate over;
  std::string code;
  on(worker.executor(), Pending<bool>()).then([&](const Result<bool>& result) {
    code = code_of(result);
    over.open();
  });
  REQUIRE(over.wait());
  CHECK(code == "invalid_argument");
}
