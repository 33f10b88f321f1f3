// Callbacks may take as long as they like, and wait for the cache: no request waits for one of
// them.
#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"
#include "support/servers.hpp"

#include <cachekit/memcached.hpp>
#include <cachekit/redis.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

constexpr auto ample = 20s;  // Of a request; who waits for a callback waits for longer.
constexpr std::size_t large = 300'000;

struct Rig {
  explicit Rig(bool redis) {
    if (redis) {
      server = std::make_unique<RedisServer>();
      cache = std::make_unique<RedisBackend>(
          RedisConfig{.host = server->host(), .port = server->port(), .operation_timeout = ample});
    } else {
      server = std::make_unique<MemcachedServer>();
      cache = std::make_unique<MemcachedBackend>(
          MemcachedConfig{.servers = {server->endpoint()}, .operation_timeout = ample});
    }
    must(cache->set("k", "v"));
  }

  std::unique_ptr<LocalServer> server;
  std::unique_ptr<CacheBackend> cache;
};

// A callback of a backend that runs until it may end.
class LongCallback {
 public:
  explicit LongCallback(CacheBackend& cache) {
    cache.async_set("callback", "v").then([this](const Result<bool>&) {
      runs_.open();
      static_cast<void>(may_end_.wait(std::chrono::minutes(10)));
      ended_.open();
    });
    REQUIRE(runs_.wait());
  }
  ~LongCallback() {
    may_end_.open();
    static_cast<void>(ended_.wait());
  }
  LongCallback(const LongCallback&) = delete;
  LongCallback& operator=(const LongCallback&) = delete;

 private:
  Gate runs_;
  Gate may_end_;
  Gate ended_;
};

template <typename T>
void check_all(const Result<std::vector<Result<T>>>& outcomes) {
  REQUIRE(outcomes);
  for (const Result<T>& outcome : *outcomes) CHECK(code_of(outcome) == "no error");
}

// What calls of all kinds give on a healthy server.
void check_calls(CacheBackend& cache) {
  const std::vector<std::string_view> keys{"k", "other"};
  const std::string value(large, 'x');
  const std::vector<SetItem> items{{.key = "a", .value = value}, {.key = "b", .value = value}};
  check_all(cache.async_get_many(keys).get());
  check_all(cache.async_set_many(items).get());
  CHECK(must(cache.async_increment("n").get()) == 1);
  CHECK(must(cache.increment("n")) == 2);
  CHECK(must(cache.async_get("k").get()) == "v");
  CHECK(must(cache.get("k")) == "v");
  auto small = cache.async_set("k", "small");
  CHECK(must(cache.set("k", value)));  // Which stays behind that one.
  CHECK(must(small.get()));
  CHECK((must(cache.get("k")) == value));
  must(cache.set("k", "v"));
  must(cache.remove("n"));
}

}  // namespace

TEST_CASE("no call waits for a callback that takes long", "[async][callbacks]") {
  const Rig rig(GENERATE(true, false));
  const LongCallback callback(*rig.cache);
  check_calls(*rig.cache);
}

TEST_CASE("a request that is cancelled ends beside a callback that takes long",
          "[async][callbacks]") {
  const Rig rig(GENERATE(true, false));
  const LongCallback callback(*rig.cache);
  rig.server->stop();
  const std::vector<std::string_view> keys{"k", "other"};
  auto many = rig.cache->async_get_many(keys);
  auto sum = rig.cache->async_increment("n");
  many.cancel();
  sum.cancel();
  for (const auto& outcome : must(many.get())) CHECK(code_of(outcome) == "cancelled");
  const std::string code = code_of(sum.get());
  CHECK((code == "cancelled" || code == "outcome_unknown"));
  rig.server->resume();
}

TEST_CASE("a lost connection is made anew beside a callback that takes long",
          "[async][callbacks]") {
  const Rig rig(GENERATE(true, false));
  const LongCallback callback(*rig.cache);
  rig.server->restart();
  CHECK(rig.cache->async_get("missing").get() == std::nullopt);
}

TEST_CASE("a callback may wait for all kinds of calls of its own backend", "[async][callbacks]") {
  const Rig rig(GENERATE(true, false));
  Gate over;
  rig.cache->async_get("k").then([&](const Result<std::optional<std::string>>&) {
    check_calls(*rig.cache);
    over.open();
  });
  REQUIRE(over.wait(std::chrono::minutes(5)));
}

TEST_CASE("callbacks of two backends may wait for requests of each other's", "[async][callbacks]") {
  const bool redis = GENERATE(true, false);
  const Rig one(redis);
  const Rig other(redis);
  Gate both_run;
  Gate one_runs;
  Gate one_over;
  Gate other_over;
  one.cache->async_get("k").then([&](const Result<std::optional<std::string>>&) {
    one_runs.open();
    static_cast<void>(both_run.wait());
    check_calls(*other.cache);
    one_over.open();
  });
  other.cache->async_get("k").then([&](const Result<std::optional<std::string>>&) {
    static_cast<void>(one_runs.wait());
    both_run.open();
    check_calls(*one.cache);
    other_over.open();
  });
  REQUIRE(one_over.wait(std::chrono::minutes(5)));
  REQUIRE(other_over.wait(std::chrono::minutes(5)));
}

TEST_CASE("calls of a callback end when its backend is being destroyed", "[async][callbacks]") {
  Rig rig(GENERATE(true, false));
  CacheBackend* const cache = rig.cache.get();
  const std::vector<std::string_view> keys{"k", "other"};
  Gate runs, ended;
  std::string last;
  std::vector<std::string> codes;
  cache->async_set("callback", "v").then([&](const Result<bool>&) {
    runs.open();
    Result<std::optional<std::string>> got = cache->get("k");
    while (got) got = cache->get("k");
    last = code_of(got);
    codes.push_back(code_of(cache->get("k")));  // Which must not connect anew.
    const auto many = cache->async_get_many(keys).get();
    for (std::size_t i = 0; i < keys.size(); ++i) {
      codes.push_back(many ? code_of((*many)[i]) : code_of(many));
    }
    codes.push_back(code_of(cache->async_increment("n", 1).get()));
    codes.push_back(code_of(cache->async_get(std::string_view("k")).get()));
    ended.open();
  });
  REQUIRE(runs.wait());
  rig.cache.reset();
  REQUIRE(ended.wait());
  CHECK(last == "cancelled");
  CHECK(codes == std::vector<std::string>(5, "cancelled"));
}

TEST_CASE("callbacks that do not run at once run one after the other", "[async][callbacks]") {
  const Rig rig(GENERATE(true, false));
  const std::thread::id here = std::this_thread::get_id();
  constexpr int calls = 1'000;
  std::atomic<int> running{0};
  std::atomic<int> overlapping{0};
  std::atomic<int> ran_elsewhere{0};
  std::atomic<int> done{0};
  Gate over;
  for (int i = 0; i < calls; ++i) {
    rig.cache->async_set("k", "v").then([&](const Result<bool>&) {
      const bool elsewhere = std::this_thread::get_id() != here;
      if (elsewhere) ++ran_elsewhere;
      if (elsewhere && ++running > 1) ++overlapping;
      std::this_thread::yield();
      if (elsewhere) --running;
      if (++done == calls) over.open();
    });
  }
  REQUIRE(over.wait());
  CHECK(ran_elsewhere > 0);  // Else it has compared nothing.
  CHECK(overlapping == 0);
}
