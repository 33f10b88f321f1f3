#include "fake_network.hpp"
#include "support/black_hole.hpp"
#include "support/catch.hpp"
#include "support/crew.hpp"
#include "support/fault_proxy.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"
#include "support/servers.hpp"

#include <cachekit/memcached.hpp>
#include <cachekit/redis.hpp>

#include <atomic>
#include <memory>
#include <string>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

std::unique_ptr<CacheBackend> client_of(bool redis, std::uint16_t port) {
  if (redis) return std::make_unique<RedisBackend>(RedisConfig{.host = "127.0.0.1", .port = port});
  return std::make_unique<MemcachedBackend>(
      MemcachedConfig{.servers = {"127.0.0.1:" + std::to_string(port)}});
}

constexpr unsigned callers = 16;

}  // namespace

TEST_CASE("many failing calls make few attempts to connect", "[faults]") {
  const ReservedPort nobody;
  const auto cache = client_of(GENERATE(true, false), nobody.number());
  std::atomic<int> unavailable{0};
  in_parallel(callers, [&](unsigned) {
    for (int i = 0; i < 63; ++i) unavailable += code_of(cache->get("k")) == "unavailable" ? 1 : 0;
  });
  CHECK(unavailable == callers * 63);  // About a thousand.
  CHECK(attempts_to_connect(nobody.number()) >= 1);
  CHECK(attempts_to_connect(nobody.number()) < 100);
}

TEST_CASE("callers of a host that swallows connections share one attempt to connect", "[faults]") {
  BlackHole hole;
  const auto cache = client_of(GENERATE(true, false), hole.port());
  const int before = attempts_to_connect(hole.port());  // Those that filled the hole's queue.
  std::atomic<int> timeouts{0};
  in_parallel(callers, [&](unsigned) {
    timeouts += code_of(cache->get("k", {.timeout = 50ms})) == "timeout" ? 1 : 0;
  });
  CHECK(timeouts == callers);
  CHECK(attempts_to_connect(hole.port()) - before == 1);
}

TEST_CASE("callers whose connection broke do not all connect at once", "[faults]") {
  const bool redis = GENERATE(true, false);
  std::unique_ptr<LocalServer> server;
  if (redis) server = std::make_unique<RedisServer>();
  if (!redis) server = std::make_unique<MemcachedServer>();
  FaultProxy proxy(server->port());
  const auto cache = client_of(redis, proxy.port());
  must(cache->set("k", "v", {.timeout = 30s}));
  constexpr int rounds = 20;
  std::atomic<int> right{0};
  for (int round = 0; round < rounds; ++round) {
    proxy.reset_connections();
    in_parallel(callers,
                [&](unsigned) { right += cache->get("k", {.timeout = 30s}) == "v" ? 1 : 0; });
  }
  CHECK(right == rounds * callers);
  CHECK(proxy.connections() <= 2 * rounds + 2);
}
