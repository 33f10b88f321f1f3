// What a server says before it serves: that it will not, or that it is there.

#include "support.hpp"
#include "support/results.hpp"
#include "support/scripted_server.hpp"

#include <chrono>
#include <string>
#include <thread>

using namespace cachekit;
using namespace cachekit::test;

namespace {

constexpr const char* full = "-ERR max number of clients reached\r\n";
constexpr const char* protected_mode =
    "-DENIED Redis is running in protected mode because protected mode is enabled and no password "
    "is set for the default user.\r\n";

// Every way of greeting: with nothing, a name, a password, a database and all of them.
RedisConfig any_greeting(std::uint16_t port) {
  RedisConfig config{.host = "127.0.0.1", .port = port, .client_name = {}};
  const int greeting = GENERATE(range(0, 5));
  if (greeting == 1 || greeting == 4) config.client_name = "somebody";
  if (greeting == 2 || greeting == 4) config.password = "secret";
  if (greeting == 3 || greeting == 4) config.database = 3;
  return config;
}

}  // namespace

TEST_CASE("a server that is full says so, whatever it was greeted with", "[redis]") {
  ScriptedServer server([](Peer& peer) { peer.send(full); });
  RedisBackend redis(any_greeting(server.port()));
  const auto outcome = redis.connect();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Errc::unavailable);
  CHECK(outcome.error().message.find("max number of clients reached") != std::string::npos);
  CHECK(outcome.error().hint.find("maxclients") != std::string::npos);
}

TEST_CASE("protected mode shows the server's first words, whatever it was greeted with",
          "[redis]") {
  ScriptedServer server([](Peer& peer) { peer.send(protected_mode); });
  RedisBackend redis(any_greeting(server.port()));
  const auto outcome = redis.connect();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Errc::rejected);
  CHECK(outcome.error().message.find("DENIED Redis is running in protected mode") !=
        std::string::npos);
  CHECK(outcome.error().hint.find("protected-mode") != std::string::npos);
}

TEST_CASE("a real server that is full is told from one that is down", "[redis]") {
  const RedisServer server({.extra = {"--maxclients", "1"}});
  RedisBackend first(config_of(server));
  // The connection by which the start was noticed may still be open.
  REQUIRE(eventually([&] { return first.get("key") == std::nullopt; }));
  RedisBackend second(config_of(server));
  const auto outcome = second.get("key");
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Errc::unavailable);
  CHECK(outcome.error().message.find("max number of clients reached") != std::string::npos);
}

TEST_CASE("a new connection has proved that a server is behind it, though it needs no greeting",
          "[redis]") {
  ScriptedServer server([](Peer& peer) {
    peer.expect("*1\r\n$4\r\nPING\r\n");
    peer.send("+PONG\r\n");
    peer.expect("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
    peer.send("$1\r\nv\r\n");
    peer.stall();
  });
  RedisBackend redis({.host = "127.0.0.1", .port = server.port(), .client_name = {}});
  CHECK(redis.get("k") == "v");
  CHECK(server.failures().empty());
}

TEST_CASE("a server that is busy, or withholds PING, is a server all the same", "[redis]") {
  const std::string answer =
      GENERATE(as<std::string>(), "-LOADING Redis is loading the dataset in memory\r\n",
               "-NOAUTH Authentication required.\r\n",
               "-NOPERM this user has no permissions to run the 'ping' command\r\n",
               "-MASTERDOWN Link with MASTER is down\r\n", "-ERR unknown command 'PING'\r\n");
  CAPTURE(answer);
  ScriptedServer server([&](Peer& peer) {
    peer.expect("*1\r\n$4\r\nPING\r\n");
    peer.send(answer);
    peer.expect("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
    peer.send("$1\r\nv\r\n");
    peer.stall();
  });
  RedisBackend redis({.host = "127.0.0.1", .port = server.port(), .client_name = {}});
  CHECK(redis.get("k") == "v");
  CHECK(server.failures().empty());
}

TEST_CASE("connecting has one budget, however many steps it takes", "[redis]") {
  constexpr auto budget = std::chrono::milliseconds(400);
  ScriptedServer server([&](Peer& peer) {
    for (int step = 0; step < 2; ++step) {
      peer.expect("*1\r\n$4\r\nPING\r\n");
      std::this_thread::sleep_for(budget * 2 / 3);  // In time for each step, not for both.
      peer.send("+PONG\r\n");
    }
    peer.stall();
  });
  RedisBackend redis({.host = "127.0.0.1",
                      .port = server.port(),
                      .connection_timeout = budget,
                      .client_name = {}});
  CHECK(code_of(redis.connect()) == "timeout");
}
