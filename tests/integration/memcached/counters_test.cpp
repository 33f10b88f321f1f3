#include "support.hpp"
#include "support/fault_proxy.hpp"

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <future>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

using namespace cachekit;
using namespace std::chrono_literals;

namespace {

bool is_refused(const Result<std::int64_t>& sum) {
  return !sum && sum.error().code == Errc::rejected;
}

struct Pair {
  std::string start;
  std::int64_t one;
  std::int64_t other;
};

}  // namespace

TEST_CASE("two callers whose increments are refused side by side change nothing",
          "[memcached][integration]") {
  const test::MemcachedServer server;
  MemcachedBackend backend(test::config_of({server.endpoint()}));
  MemcachedBackend another(test::config_of({server.endpoint()}));
  const Pair pair = GENERATE(values<Pair>({{"10000000000000000000", -1, -1},
                                           {"9999999999999999999", 1, 1},
                                           {"9223372036854775807", 2, -1},
                                           {"9223372036854775807", 3, 7},
                                           {"18446744073709551000", 5, 9},
                                           {"9223372036854775806", 2, 3}}));
  INFO(pair.start << " by " << pair.one << " and " << pair.other);
  constexpr int trials = 400;
  std::barrier together(2);
  Result<std::int64_t> theirs;
  const std::jthread caller([&] {
    for (int i = 0; i < trials; ++i) {
      together.arrive_and_wait();
      theirs = another.increment("n", pair.other);
      together.arrive_and_wait();
    }
  });
  int refused = 0;
  int changed = 0;
  for (int i = 0; i < trials; ++i) {
    const bool stored = backend.set("n", pair.start) == true;
    together.arrive_and_wait();
    const Result<std::int64_t> ours = backend.increment("n", pair.one);
    together.arrive_and_wait();
    if (!stored || !is_refused(ours) || !is_refused(theirs)) continue;
    ++refused;
    changed += backend.get("n") == pair.start ? 0 : 1;
  }
  CHECK(refused > 0);
  CHECK(changed == 0);
}

TEST_CASE("large steps that are refused leave nothing beside small ones that are counted",
          "[memcached][integration]") {
  const test::MemcachedServer server;
  MemcachedBackend backend(test::config_of({server.endpoint()}));
  const std::int64_t large = GENERATE(std::int64_t{1} << 33U, std::int64_t{1} << 50U);
  constexpr std::int64_t start = INT64_MAX - 20'011;
  for (int round = 0; round < 20; ++round) {
    REQUIRE(backend.set("n", std::to_string(start)) == true);
    int accepted = 0;
    std::jthread small([&] {
      for (int i = 0; i < 40; ++i) accepted += backend.increment("n", 505) ? 1 : 0;
    });
    for (int i = 0; i < 40; ++i) CHECK(is_refused(backend.increment("n", large + i)));
    small.join();
    CHECK(backend.get("n") == std::to_string(start + 505 * std::int64_t{accepted}));
  }
}

TEST_CASE("an increment that is withdrawn once it was sent still leaves a text as it was",
          "[memcached][integration]") {
  const test::MemcachedServer server;
  test::FaultProxy proxy(server.port());
  MemcachedBackend truth(test::config_of({server.endpoint()}));
  MemcachedBackend backend(test::config_of({proxy.endpoint()}));
  REQUIRE(truth.set("text", "12 apples", {.ttl = 1h}) == true);
  REQUIRE(backend.async_get("text").get());
  const bool by_token = GENERATE(false, true);
  proxy.hold_replies();
  std::stop_source stop;
  auto pending = backend.async_increment("text", 17, {.stop = stop.get_token()});
  REQUIRE(test::eventually([&] { return truth.get("text") != "12 apples"; }));
  by_token ? static_cast<void>(stop.request_stop()) : pending.cancel();
  const Result<std::int64_t> sum = pending.get();  // While the server's word is still held back.
  REQUIRE_FALSE(sum.has_value());
  CHECK(sum.error().code == Errc::outcome_unknown);
  proxy.pass();
  CHECK(test::eventually([&] { return truth.get("text") == "12 apples"; }));
  CHECK(truth.ttl("text").value()->expires());
}

TEST_CASE("asynchronous increments of one text are refused one like the other",
          "[memcached][integration]") {
  const test::MemcachedServer server;
  test::FaultProxy proxy(server.port());
  MemcachedBackend truth(test::config_of({server.endpoint()}));
  MemcachedBackend backend(test::config_of({proxy.endpoint()}));
  REQUIRE(backend.async_get("text").get());
  const std::string there = GENERATE("12 apples", "0005", "9223372036854775800");
  const auto count = static_cast<std::size_t>(GENERATE(2, 3, 8));
  REQUIRE(truth.set("text", there, {.ttl = 1h}) == true);
  proxy.hold_replies();
  const std::vector<operation::Increment> increments(count, {"text", 100});
  auto pending = backend.start_many<operation::Increment>(increments);
  REQUIRE(test::eventually([&] { return truth.get("text") != there; }));
  proxy.pass();
  const auto sums = pending.get();
  REQUIRE(sums);
  for (const Result<std::int64_t>& sum : *sums) CHECK(is_refused(sum));
  CHECK(truth.get("text") == there);
  CHECK(truth.ttl("text").value()->expires());
}

TEST_CASE("a callback of an increment that is withdrawn runs on the thread for callbacks",
          "[memcached][integration]") {
  const test::MemcachedServer server;
  test::FaultProxy proxy(server.port());
  MemcachedBackend truth(test::config_of({server.endpoint()}));
  MemcachedBackend backend(test::config_of({proxy.endpoint()}));
  REQUIRE(backend.async_get("text").get());
  proxy.hold_replies();
  std::stop_source stop;
  std::promise<std::thread::id> where;
  backend.async_increment("n", 17, {.stop = stop.get_token()})
      .then([&](const Result<std::int64_t>&) { where.set_value(std::this_thread::get_id()); });
  REQUIRE(test::eventually([&] { return truth.get("n") == "17"; }));
  stop.request_stop();
  CHECK(where.get_future().get() != std::this_thread::get_id());
}

TEST_CASE("large steps count in every kind of call", "[memcached][integration]") {
  MemcachedBackend backend(test::config_of({test::shared_memcached().endpoint()}));
  constexpr std::int64_t large = std::int64_t{1} << 40U;
  REQUIRE(backend.remove("large"));
  CHECK(backend.increment("large", large) == large);
  CHECK(backend.async_increment("large", large).get() == 2 * large);
  const std::vector<operation::Increment> both{{"large", 1}, {"large", large}, {"large", large}};
  const auto sums = backend.run_many<operation::Increment>(both);
  CHECK(sums[0] == 2 * large + 1);
  CHECK(std::max(sums[1].value(), sums[2].value()) == 4 * large + 1);
  CHECK(backend.increment("large", -large) == 3 * large + 1);
  CHECK(is_refused(backend.increment("large", INT64_MAX)));
  CHECK(backend.get("large") == std::to_string(3 * large + 1));
}

TEST_CASE("a batch of 300 refused increments of one counter takes them back at once",
          "[memcached][integration]") {
  MemcachedBackend backend(test::config_of({test::shared_memcached().endpoint()}));
  for (const std::string start : {"9223372036854775807", "10000000000000000000", "05"}) {
    INFO(start);
    REQUIRE(backend.set("counter", start, {.ttl = 1h}) == true);
    const std::vector<operation::Increment> increments(300, {"counter", 7});
    for (const auto& sum : backend.run_many<operation::Increment>(increments)) {
      CHECK(is_refused(sum));
    }
    CHECK(backend.get("counter") == start);
    CHECK(backend.ttl("counter").value()->expires());
  }
}
