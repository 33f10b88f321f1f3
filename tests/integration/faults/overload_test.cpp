#include "rig.hpp"
#include "support/catch.hpp"
#include "support/crew.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"
#include "support/scripted_server.hpp"

#include <atomic>
#include <mutex>
#include <string>
#include <thread>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t long_reply = 1'000'000;

void read_request(Kind kind, Peer& peer) {
  if (kind == Kind::redis) {
    peer.expect("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
  } else {
    peer.read_line();
  }
}

// Lets its first reply trickle, a byte a millisecond, until told to go on; then it answers all that
// it was asked, as fast as anyone.
ScriptedServer::Script trickle(Kind kind, const std::atomic<bool>& go_on) {
  return [kind, &go_on](Peer& peer) {
    const std::string start = kind == Kind::redis ? "$" : "VA ";
    expect_greeting(kind, peer);
    read_request(kind, peer);
    peer.send(start + std::to_string(long_reply) + "\r\n");
    std::size_t sent = 0;
    for (; !go_on && sent < long_reply; ++sent) {
      peer.send("x");
      std::this_thread::sleep_for(1ms);
    }
    peer.send(std::string(long_reply - sent, 'x') + "\r\n");
    while (true) {
      read_request(kind, peer);
      peer.send(start + "5\r\nvalue\r\n");
    }
  };
}

}  // namespace

TEST_CASE("what a slow server has yet to answer is bounded, and when it is done all goes on",
          "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  std::atomic<bool> go_on{false};
  ScriptedServer server(trickle(kind, go_on));
  const auto cache = client_of(kind, server.port());

  // Callers who give up leave requests behind that the server still has to answer.
  std::atomic<bool> refused{false};
  std::mutex mutex;
  Error error;
  in_parallel(16, [&](unsigned) {
    static_cast<void>(eventually([&] {
      const auto outcome = cache->get("k", {.timeout = 1ms});
      if (outcome || outcome.error().code != Errc::overloaded) return refused.load();
      const std::lock_guard lock(mutex);
      error = outcome.error();
      refused = true;
      return true;
    }));
  });
  REQUIRE(refused);
  CHECK(error.message.find("10000") != std::string::npos);
  CHECK(error.endpoint == server.endpoint());
  CHECK_FALSE(error.hint.empty());

  go_on = true;
  std::string last;
  CHECK(eventually([&] {
    const auto outcome = cache->get("k");
    last = code_of(outcome);
    return outcome == "value";
  }));
  CHECK(last == "no error");
  CHECK(server.failures().empty());
}

// None of those who are refused has a deadline, and it is by deadlines that a silence is noticed.
TEST_CASE("a connection full of requests that were given up is made anew after a long silence",
          "[overload]") {
  const auto greet = [](Peer& peer) {
    peer.expect("*1\r\n$4\r\nPING\r\n");
    peer.send("+PONG\r\n");
  };
  const auto fall_silent = [&](Peer& peer) {
    greet(peer);
    peer.stall();
  };
  const auto answer = [&](Peer& peer) {
    greet(peer);
    while (true) {
      peer.expect("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
      peer.send("$1\r\nv\r\n");
    }
  };
  ScriptedServer server(std::vector<ScriptedServer::Script>{fall_silent, answer});
  RedisConfig config{.host = "127.0.0.1", .port = server.port(), .client_name = {}};
  config.operation_timeout = 500ms;
  config.max_in_flight = 10;
  RedisBackend cache(config);
  std::vector<Pending<std::optional<std::string>>> given_up;
  for (int i = 0; i < 10; ++i) {
    given_up.push_back(cache.async_get(std::string_view("k"), {.timeout = 50ms}));
  }
  for (auto& one : given_up) CHECK_FALSE(std::move(one).get());
  CHECK(code_of(cache.get("k")) == "overloaded");
  std::string last;
  CHECK(eventually([&] {
    last = code_of(cache.get("k"));
    return last == "no error";
  }));
  CHECK(last == "no error");
  CHECK(server.failures().empty());
}
