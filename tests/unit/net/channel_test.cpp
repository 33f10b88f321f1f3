#include "net/channel.hpp"

#include "gated_channel.hpp"
#include "line_protocol.hpp"
#include "net/routing/fan_out.hpp"
#include "support/catch.hpp"
#include "support/crew.hpp"
#include "support/gate.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  explicit Fixture(const net::Address& address, std::size_t connections = 2)
      : channel({.address = address, .max_connections = connections},
                std::make_shared<LineProtocol>()) {}
  net::Channel channel;
};

net::Address nobody_listens(const ReservedPort& port) {
  return {.host = "127.0.0.1", .port = port.number()};
}

struct LargeLine final : LineRequest {
  using LineRequest::LineRequest;
  [[nodiscard]] bool large() const noexcept override { return true; }
};

}  // namespace

TEST_CASE("a connection is reused, and returned after a failure too", "[net]") {
  const LinePeer peer([](Descriptor& connection, int) { echo(connection); });
  Fixture to(peer.address(), 1);
  for (int i = 0; i < 5; ++i) {
    LineRequest good("good");
    REQUIRE(to.channel.execute(good, Deadline::after(10s)));
    LineRequest bad("");
    REQUIRE_FALSE(to.channel.execute(bad, Deadline::after(10s)));
  }
  CHECK(peer.accepted() == 1);
  CHECK(to.channel.stats().connections == 1);
  CHECK(to.channel.stats().in_flight == 0);
}

TEST_CASE("an idle connection that the peer closed is noticed before use", "[net]") {
  const LinePeer peer([](Descriptor& connection, int) {
    write_all(connection, read_line(connection) + "\n");  // One answer, then it closes.
  });
  Fixture to(peer.address());
  for (int i = 0; i < 20; ++i) {
    LineRequest request("ask " + std::to_string(i), true);
    REQUIRE(to.channel.execute(request, Deadline::after(10s)));
    CHECK(request.answer == "ask " + std::to_string(i));
  }
}

TEST_CASE("a read is tried once more, a write never", "[net]") {
  std::atomic<int> asked{0};
  const LinePeer peer([&](Descriptor& connection, int number) {
    if (number == 2) return echo(connection);
    write_all(connection, read_line(connection) + "\n");
    static_cast<void>(read_line(connection));  // The second request is read and not answered.
    ++asked;
  });
  Fixture to(peer.address(), 1);
  LineRequest warm("warm");
  REQUIRE(to.channel.execute(warm, Deadline::after(10s)));
  LineRequest read("read", true);
  REQUIRE(to.channel.execute(read, Deadline::after(10s)));
  CHECK(read.answer == "read");
  CHECK(asked == 1);
  CHECK(peer.accepted() == 2);
}

TEST_CASE("a write whose connection breaks is not sent again", "[net]") {
  const LinePeer peer([&](Descriptor& connection, int) {
    write_all(connection, read_line(connection) + "\n");
    static_cast<void>(read_line(connection));
  });
  Fixture to(peer.address(), 1);
  LineRequest warm("warm");
  REQUIRE(to.channel.execute(warm, Deadline::after(10s)));
  LineRequest write("write", false);
  const auto outcome = to.channel.execute(write, Deadline::after(10s));
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Errc::outcome_unknown);
  CHECK(peer.accepted() == 1);
}

TEST_CASE("one dead node fails its own request only", "[net]") {
  const LinePeer peer([](Descriptor& connection, int) { echo(connection); });
  const ReservedPort nobody;
  Fixture alive(peer.address());
  Fixture dead(nobody_listens(nobody));
  LineRequest first("first");
  LineRequest second("second");
  const std::vector<net::Submission> both{{&dead.channel, &first}, {&alive.channel, &second}};
  const auto outcomes = net::execute_all(both, Deadline::after(10s));
  REQUIRE(outcomes.size() == 2);
  REQUIRE_FALSE(outcomes[0]);
  CHECK(outcomes[0].error().code == Errc::unavailable);
  REQUIRE(outcomes[1]);
  CHECK(second.answer == "second");
}

TEST_CASE("what arrived in time counts although another node used the time up", "[net]") {
  const LinePeer peer([](Descriptor& connection, int) { echo(connection); });
  const LinePeer silent([](Descriptor& connection, int) {
    static_cast<void>(read_line(connection));
    static_cast<void>(read_line(connection));
  });
  Fixture alive(peer.address());
  Fixture stalled(silent.address());
  LineRequest first("first");
  LineRequest second("second");
  const std::vector<net::Submission> both{{&stalled.channel, &first}, {&alive.channel, &second}};
  const auto outcomes = net::execute_all(both, Deadline::after(200ms));
  REQUIRE_FALSE(outcomes[0]);
  CHECK(outcomes[0].error().code == Errc::timeout);
  CHECK(outcomes[1]);
  CHECK(second.answer == "second");
}

TEST_CASE("a peer that sends without an end does not keep a batch beyond its budget", "[net]") {
  std::atomic<bool> over{false};
  const LinePeer peer([&](Descriptor& connection, int) {
    static_cast<void>(read_line(connection));
    const std::string some(std::size_t{64} << 10U, 'x');
    while (!over && write_all(connection, some)) {
    }
  });
  Fixture to(peer.address());
  LargeLine request("ask");
  const std::vector<net::Submission> one{{&to.channel, &request}};
  const auto outcomes = net::execute_all(one, Deadline::after(50ms));
  over = true;
  REQUIRE_FALSE(outcomes[0]);
  CHECK(outcomes[0].error().code == Errc::timeout);
}

TEST_CASE("a connection that goes mute is left by callers that keep asking", "[net]") {
  const LinePeer peer([](Descriptor& connection, int number) {
    for (int i = 0; number > 1 || i < 50; ++i) {
      const std::string line = read_line(connection);
      if (line.empty() || !write_all(connection, line + "\n")) return;
    }
    while (!read_some(connection).empty()) {  // It takes all and says nothing.
    }
  });
  net::Channel channel(
      {.address = peer.address(), .max_connections = 1, .combiner = {.longest_silence = 50ms}},
      std::make_shared<LineProtocol>());
  Crew crew(8, [&](unsigned thread) {
    LineRequest request("ask " + std::to_string(thread), true);
    static_cast<void>(channel.execute(request, Deadline::after(60ms)));
  });
  CHECK(eventually([&] { return peer.accepted() > 1; }));
}

namespace {

// Greets one connection, and keeps all others waiting until its gate opens.
class OneAtFirst final : public net::Protocol {
 public:
  [[nodiscard]] std::unique_ptr<net::Session> make_session() const override {
    return std::make_unique<LineSession>();
  }
  [[nodiscard]] Result<void> handshake(net::Connection&, Deadline) const override {
    if (greeted_.fetch_add(1) == 0 || gate_.wait()) return {};
    return fail(Errc::unavailable, "the gate did not open");
  }
  [[nodiscard]] int greeted() const { return greeted_; }
  void open() { gate_.open(); }

 private:
  mutable std::atomic<int> greeted_{0};
  mutable Gate gate_;
};

}  // namespace

TEST_CASE("a connection more is nobody's wait while the shared one answers", "[net]") {
  const LinePeer peer([](Descriptor& connection, int) { repeat(connection); });
  const auto protocol = std::make_shared<OneAtFirst>();
  net::Channel channel({.address = peer.address(), .max_connections = 4}, protocol);
  LineRequest first("first");
  REQUIRE(channel.execute(first, Deadline::after(20s)));
  std::atomic<int> failed{0};
  std::atomic<int> left{3};
  std::vector<std::jthread> callers;
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&] {
      for (int after = 0; after < 200;) {  // The other connection is asked for, and some more.
        LineRequest request("ask");
        if (!channel.execute(request, Deadline::after(20s))) ++failed;
        if (protocol->greeted() > 1 || failed > 0) ++after;
      }
      --left;
    });
  }
  CHECK(eventually([&] { return left == 0; }));
  CHECK(failed == 0);
  protocol->open();
}

TEST_CASE("a silence without limit is never too long", "[net]") {
  Gate late;
  const LinePeer peer([&](Descriptor& connection, int) {
    const std::string line = read_line(connection);
    if (!late.wait()) return;
    write_all(connection, line + "\n");
    echo(connection);
  });
  net::Channel channel(
      {.address = peer.address(), .max_connections = 1, .combiner = {.longest_silence = forever}},
      std::make_shared<LineProtocol>());
  LineRequest hasty("hasty", false);
  CHECK(channel.execute(hasty, Deadline::after(50ms)).error().code == Errc::outcome_unknown);
  late.open();
  LineRequest next("next", false);
  REQUIRE(channel.execute(next, Deadline::after(20s)));
  CHECK(next.answer == "next");
  CHECK(peer.accepted() == 1);
}
