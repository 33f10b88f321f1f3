// Requests without a caller, on their way from one place to another.

#include "gated_channel.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

TEST_CASE("a request is cancelled while those before it are being sent", "[net]") {
  const LinePeer peer([](Descriptor& connection, int) { swallow(connection); });
  GatedChannel to(peer.address());
  Pending<std::string> second;
  // The first is refused, which is told while the second waits for its turn.
  auto first = to.ask("", {}, [&](const auto&) { second.cancel(); });
  second = to.ask("second");
  to.gate->open();
  CHECK(code_of(first.get()) == "invalid_argument");
  CHECK(code_of(second.get()) == "cancelled");
}

TEST_CASE("a request is cancelled while it waits to be sent anew", "[net]") {
  const LinePeer peer([](Descriptor& connection, int number) {
    if (number > 1) return echo(connection);
    static_cast<void>(read_line(connection));
  });
  GatedChannel to(peer.address());
  Pending<std::string> second;
  auto first = to.ask("write", {.replay = false}, [&](const auto&) { second.cancel(); });
  second = to.ask("read");
  to.gate->open();
  CHECK(code_of(second.get()) == "cancelled");
  CHECK_FALSE(first.get());
}

TEST_CASE("no request that is cancelled goes on, wherever it is", "[net]") {
  const LinePeer peer([](Descriptor& connection, int) { swallow(connection); });
  for (int round = 0; round < 100; ++round) {
    GatedChannel to(peer.address());
    std::vector<Pending<std::string>> pending;
    for (int i = 0; i < 50; ++i) pending.push_back(to.ask("ask"));
    to.gate->open();
    for (auto& one : pending) one.cancel();
    for (auto& one : pending) REQUIRE(code_of(one.get()) == "cancelled");
  }
}

TEST_CASE("as many requests may wait for a connection as may be in flight", "[net]") {
  const LinePeer peer([](Descriptor& connection, int) { repeat(connection); });
  GatedChannel to(peer.address(), {.max_requests = 10});
  std::vector<Pending<std::string>> pending;
  for (int i = 0; i < 12; ++i) pending.push_back(to.ask("ask"));
  CHECK(to.channel.stats().waiting == 10);
  for (std::size_t i = 10; i < 12; ++i) {
    const auto refused = pending[i].get();
    CHECK(code_of(refused) == "overloaded");
    CHECK(refused.error().hint.find("max_in_flight") != std::string::npos);
  }
  to.gate->open();
  for (std::size_t i = 0; i < 10; ++i) CHECK(pending[i].get() == "ask");
}

TEST_CASE("one whose stop came first is not sent", "[net]") {
  const LinePeer peer([](Descriptor& connection, int) { repeat(connection); });
  GatedChannel to(peer.address());
  to.gate->open();
  std::stop_source stop;
  stop.request_stop();
  CHECK(code_of(to.ask("write", {.replay = false, .stop = stop.get_token()}).get()) == "cancelled");
  CHECK(to.channel.stats().requests == 0);
}

TEST_CASE("a stop may come while the channel is being destroyed", "[net]") {
  const LinePeer peer([](Descriptor& connection, int) { swallow(connection); });
  for (int round = 0; round < 300; ++round) {
    std::optional<GatedChannel> to(std::in_place, peer.address());
    if (round % 2 == 0) to->gate->open();
    std::stop_source stop;
    std::vector<Pending<std::string>> pending;
    for (int i = 0; i < 5; ++i) pending.push_back(to->ask("ask", {.stop = stop.get_token()}));
    std::thread stopper([&] { stop.request_stop(); });
    to->gate->open();
    to.reset();
    stopper.join();
    for (auto& one : pending) REQUIRE(code_of(one.get()) == "cancelled");
  }
}

TEST_CASE("what has come in time counts, also where nobody waited for it", "[net]") {
  const LinePeer peer([](Descriptor& connection, int) { repeat(connection); });
  GatedChannel to(peer.address(), {.longest_silence = 300ms});
  to.gate->open();
  REQUIRE(to.channel.open(Deadline::after(5s)));
  for (int round = 0; round < 3; ++round) {
    auto held = to.ask("held", {.budget = 300ms});
    auto other = to.ask("other", {.replay = false});
    CHECK(eventually([&] { return held.ready(); }));
    CHECK(held.get() == "held");
    CHECK(other.get() == "other");
  }
  CHECK(peer.accepted() == 1);
}
