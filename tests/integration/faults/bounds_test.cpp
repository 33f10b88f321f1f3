// How many bytes a client holds: while a server hangs, and when large values have passed through.
// The servers are processes of their own, so all that is counted here is the client's.

#include "rig.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/crew.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"

#include <cachekit/memcached.hpp>
#include <cachekit/redis.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20U;
constexpr std::size_t bound = 16 * mebibyte;
constexpr std::size_t slack = 16 * mebibyte;
constexpr std::size_t kept = 4 * mebibyte;
// Longer than the slowest machine takes to hand in all that a test has.
constexpr auto ample = std::chrono::minutes(10);
constexpr auto soon = 10s;  // A second of silence, and patience with a busy machine.

std::unique_ptr<LocalServer> start_server(Kind kind) {
  if (kind == Kind::redis) return std::make_unique<RedisServer>();
  return std::make_unique<MemcachedServer>(
      MemcachedServerOptions{.item_size = "32m", .memory_mib = 1024});
}

std::unique_ptr<CacheBackend> make_client(Kind kind, const LocalServer& server) {
  if (kind == Kind::redis) {
    return std::make_unique<RedisBackend>(RedisConfig{.host = "127.0.0.1",
                                                      .port = server.port(),
                                                      .connection_timeout = ample,
                                                      .operation_timeout = ample,
                                                      .max_in_flight_bytes = {bound}});
  }
  return std::make_unique<MemcachedBackend>(MemcachedConfig{.servers = {server.endpoint()},
                                                            .connection_timeout = ample,
                                                            .operation_timeout = ample,
                                                            .max_in_flight_bytes = {bound}});
}

// What this process holds more than when this object was made.
class Growth {
 public:
  Growth() : before_(live_bytes()) { forget_peak(); }
  [[nodiscard]] std::size_t now() const { return more(live_bytes()); }
  [[nodiscard]] std::size_t at_most() const { return more(peak_bytes()); }

 private:
  [[nodiscard]] std::size_t more(std::size_t bytes) const {
    return bytes > before_ ? bytes - before_ : 0;
  }
  std::size_t before_;
};

void check_that_it_goes_back(const Growth& growth) {
  const bool back = eventually([&] { return growth.now() < kept; }, soon);
  INFO((growth.now() >> 10U) << " KiB are left");
  CHECK(back);
}

}  // namespace

TEST_CASE("asynchronous sets to a server that hangs take no more memory than they are allowed",
          "[faults][bounds]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  const bool connected = GENERATE(true, false);
  const bool kept_for_later = GENERATE(false, true);
  INFO("the client has " << (connected ? "" : "not ") << "been connected before; the results are "
                         << (kept_for_later ? "kept for later" : "taken by callbacks"));
  constexpr int calls = 250;
  constexpr int first_part = 75;  // All room is taken by then.
  const auto server = start_server(kind);
  auto cache = make_client(kind, *server);
  if (connected) must(cache->connect());
  server->stop();
  const std::string value(mebibyte, 'x');
  std::vector<Pending<bool>> pending;
  pending.reserve(calls);
  std::atomic<int> overloaded{0};
  const Growth growth;
  int late = 0;
  int made = 0;
  while (made < calls && growth.at_most() < 8 * bound) {
    Pending<bool> one = cache->async_set("k" + std::to_string(made), value);
    if (++made > first_part && !one.ready()) ++late;
    if (kept_for_later) {
      pending.push_back(std::move(one));
    } else {
      one.then([&](const Result<bool>& outcome) {
        overloaded += code_of(outcome) == "overloaded" ? 1 : 0;
      });
    }
  }
  INFO((growth.at_most() >> 20U) << " MiB at most, after " << made << " calls");
  CHECK(growth.at_most() < 2 * bound + slack);
  CHECK(late == 0);
  for (auto& one : pending) {
    if (one.ready()) overloaded += code_of(one.get()) == "overloaded" ? 1 : 0;
  }
  CHECK(overloaded >= calls - first_part);
  cache.reset();
  pending.clear();
  check_that_it_goes_back(growth);
}

TEST_CASE("blocking sets to a server that hangs take no more memory than they are allowed",
          "[faults][bounds]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  const auto server = start_server(kind);
  const auto cache = make_client(kind, *server);
  must(cache->connect());
  server->stop();
  const std::string value(4 * mebibyte, 'x');
  const Growth growth;
  in_parallel(48, [&](unsigned i) {
    static_cast<void>(cache->set("k" + std::to_string(i), value, {.timeout = 500ms}));
  });
  INFO((growth.at_most() >> 20U) << " MiB at most");
  CHECK(growth.at_most() < 2 * bound + slack);
  check_that_it_goes_back(growth);
}

TEST_CASE("the memory that large values took goes back once they have passed", "[faults][bounds]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  const auto server = start_server(kind);
  const auto cache = make_client(kind, *server);
  const std::string value(8 * mebibyte, 'x');
  constexpr unsigned values = 4;
  const auto name = [](unsigned i) { return "k" + std::to_string(i); };
  const auto set_all = [&] {
    for (unsigned i = 0; i < values; ++i) CHECK(must(cache->set(name(i), value)));
  };
  must(cache->set("warm", "v"));
  must(cache->async_set("warm", "v").get());
  std::atomic<unsigned> right{0};
  SECTION("sets, one after the other") {
    const Growth growth;
    set_all();
    check_that_it_goes_back(growth);
  }
  SECTION("sets of several threads") {
    const Growth growth;
    in_parallel(values, [&](unsigned i) { right += cache->set(name(i), value) ? 1 : 0; });
    CHECK(right > 0);  // Some may be too many at once.
    check_that_it_goes_back(growth);
  }
  SECTION("asynchronous sets") {
    const Growth growth;
    for (unsigned i = 0; i < values; ++i) CHECK(must(cache->async_set(name(i), value).get()));
    check_that_it_goes_back(growth);
  }
  SECTION("a batch of sets") {
    const std::vector<SetItem> items{{.key = "a", .value = value}, {.key = "b", .value = value}};
    const Growth growth;
    for (const auto& outcome : cache->set_many(items)) CHECK(must(outcome));
    check_that_it_goes_back(growth);
  }
  SECTION("gets, one after the other") {
    set_all();
    const Growth growth;
    for (unsigned i = 0; i < values; ++i) CHECK((must(cache->get(name(i))) == value));
    check_that_it_goes_back(growth);
  }
  SECTION("gets of several threads") {
    set_all();
    const Growth growth;
    in_parallel(values, [&](unsigned i) { right += cache->get(name(i)) == value ? 1 : 0; });
    CHECK(right == values);
    check_that_it_goes_back(growth);
  }
  SECTION("asynchronous gets") {
    set_all();
    const Growth growth;
    for (unsigned i = 0; i < values; ++i) {
      CHECK((must(cache->async_get(name(i)).get()) == value));
    }
    check_that_it_goes_back(growth);
  }
}
