#include "rig.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/scripted_server.hpp"

#include <cachekit/redis.hpp>

using namespace cachekit;
using namespace cachekit::test;

namespace {

constexpr const char* canary = "canary-7f3a91";

bool shows_canary(const std::string& text) { return text.find(canary) != std::string::npos; }

bool shows_canary(const Error& error) {
  return shows_canary(error.message) || shows_canary(error.hint) || shows_canary(error.endpoint) ||
         shows_canary(error.describe());
}

RedisConfig config_with_canary(std::uint16_t port) {
  return {.host = "127.0.0.1", .port = port, .password = canary, .operation_timeout = patience};
}

}  // namespace

TEST_CASE("a wrong password is final: rejected, said in words, and tried at most once a call",
          "[faults]") {
  RedisServer server({.password = "right"});
  FaultProxy proxy(server.port());
  RedisBackend cache(config_with_canary(proxy.port()));
  for (std::size_t call = 1; call <= 3; ++call) {
    const auto outcome = cache.get("k");
    CHECK(code_of(outcome) == "rejected");
    CHECK(outcome.error().message.find("password") != std::string::npos);
    CHECK(proxy.connections() <= call);
  }
  CHECK(code_of(cache.connect()) == "rejected");
  CHECK(code_of(cache.set("k", "v")) == "rejected");
}

TEST_CASE("no password where one is needed is rejected, not a miss", "[faults]") {
  RedisServer server({.password = "right"});
  const auto cache = client_of(Kind::redis, server.port());
  const auto outcome = cache->get("k");
  CHECK(code_of(outcome) == "rejected");
  CHECK_FALSE(outcome.error().hint.empty());
  CHECK(cache->metrics().snapshot().misses == 0);
}

TEST_CASE("a password shows in no error, report, target or metric", "[faults]") {
  RedisServer server({.password = "right"});
  RedisBackend cache(config_with_canary(server.port()));
  CHECK_FALSE(shows_canary(cache.get("k").error()));
  CHECK_FALSE(shows_canary(cache.connect().error()));
  CHECK_FALSE(shows_canary(cache.command({"PING"}).error()));
  CHECK_FALSE(shows_canary(cache.target()));
  CHECK_FALSE(shows_canary(cache.ping().nodes.at(0).error.value()));
  CHECK_FALSE(shows_canary(cache.stats().nodes.at(0).error.value()));
  CHECK_FALSE(shows_canary(cache.metrics().prometheus(cache.target())));
}

TEST_CASE("a server that quotes the password back does not make us repeat it", "[faults]") {
  ScriptedServer server([](Peer& peer) {
    peer.read_line();
    peer.send(std::string("-ERR unknown command 'AUTH', with args beginning with: '") + canary +
              "'\r\n");
    peer.stall();
  });
  RedisConfig config = config_with_canary(server.port());
  config.client_name.clear();
  RedisBackend cache(std::move(config));
  const auto outcome = cache.get("k");
  REQUIRE_FALSE(outcome);
  CHECK_FALSE(shows_canary(outcome.error()));
}
