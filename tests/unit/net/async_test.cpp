// Requests without a caller, on their way from one place to another.

#include "line_protocol.hpp"
#include "net/async_state.hpp"
#include "net/channel.hpp"
#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

// Lets nobody in before its gate is open. An attempt to connect may outlive the channel.
class GatedProtocol final : public net::Protocol {
 public:
  explicit GatedProtocol(std::shared_ptr<Gate> gate) : gate_(std::move(gate)) {}
  [[nodiscard]] std::unique_ptr<net::Session> make_session() const override {
    return std::make_unique<LineSession>();
  }
  [[nodiscard]] Result<void> handshake(net::Connection&, Deadline) const override {
    if (gate_->wait()) return {};
    return fail(Errc::unavailable, "the gate did not open");
  }

 private:
  std::shared_ptr<Gate> gate_;
};

struct OwnedLine final : public LineRequest {
  using LineRequest::LineRequest;
  [[nodiscard]] Result<std::string> take(const Result<void>& outcome) {
    if (!outcome) return fail(outcome.error());
    return answer;
  }
};

struct Fixture {
  explicit Fixture(const net::Address& address, net::CombinerOptions combiner = {})
      : channel({.address = address, .combiner = combiner}, std::make_shared<GatedProtocol>(gate)) {
  }

  // `told` runs once it is settled, on the thread that found out.
  [[nodiscard]] Pending<std::string> ask(
      const std::string& line, bool replay = true,
      std::function<void(const Result<std::string>&)> told = [](const auto&) {}) {
    auto* const state = new net::AsyncState<std::string, OwnedLine>(Deadline::after(20s),
                                                                    std::move(told), line, replay);
    channel.start(*state);
    return Pending<std::string>(state);
  }

  std::shared_ptr<Gate> gate = std::make_shared<Gate>();
  net::Channel channel;
};

// Takes all that comes and says nothing.
void swallow(const Descriptor& connection) {
  while (!read_some(connection).empty()) {
  }
}

// As `echo`, for lines that come many at once.
void repeat(const Descriptor& connection) {
  for (std::string bytes = read_some(connection); !bytes.empty(); bytes = read_some(connection)) {
    if (!write_all(connection, bytes)) return;
  }
}

}  // namespace

TEST_CASE("a request is cancelled while those before it are being sent", "[net]") {
  const LinePeer peer([](Descriptor& connection, int) { swallow(connection); });
  Fixture to(peer.address());
  Pending<std::string> second;
  // The first is refused, which is told while the second waits for its turn.
  auto first = to.ask("", true, [&](const auto&) { second.cancel(); });
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
  Fixture to(peer.address());
  Pending<std::string> second;
  auto first = to.ask("write", false, [&](const auto&) { second.cancel(); });
  second = to.ask("read");
  to.gate->open();
  CHECK(code_of(second.get()) == "cancelled");
  CHECK_FALSE(first.get());
}

TEST_CASE("no request that is cancelled goes on, wherever it is", "[net]") {
  const LinePeer peer([](Descriptor& connection, int) { swallow(connection); });
  for (int round = 0; round < 100; ++round) {
    Fixture to(peer.address());
    std::vector<Pending<std::string>> pending;
    for (int i = 0; i < 50; ++i) pending.push_back(to.ask("ask"));
    to.gate->open();
    for (auto& one : pending) one.cancel();
    for (auto& one : pending) REQUIRE(code_of(one.get()) == "cancelled");
  }
}

TEST_CASE("as many requests may wait for a connection as may be in flight", "[net]") {
  const LinePeer peer([](Descriptor& connection, int) { repeat(connection); });
  Fixture to(peer.address(), {.max_requests = 10});
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
