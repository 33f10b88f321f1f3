// Connections that are replaced because their peer is not, or no longer, what they are for.

#include "gated_channel.hpp"
#include "line_protocol.hpp"
#include "support/catch.hpp"
#include "support/crew.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"
#include "support/scripted_server.hpp"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

std::string ask(net::Channel& channel, const std::string& line, bool large = false) {
  LineRequest request(line, true, large);
  must(channel.execute(request, Deadline::after(20s)));
  return request.answer;
}

void repeat_lines(Peer& peer) {
  while (true) peer.send(peer.read_line());
}

}  // namespace

TEST_CASE("where a peer is, is asked before each attempt to connect", "[net]") {
  const LinePeer first([](Descriptor& connection, int) {
    static_cast<void>(read_line(connection));
    write_all(connection, "first\n");
    static_cast<void>(read_line(connection));  // It goes at the next request.
  });
  const LinePeer second([](Descriptor& connection, int) { echo(connection); });
  std::atomic<int> asked{0};
  net::Channel channel({.address = {.host = "the master", .port = 1},
                        .where = [&](Deadline) -> Result<net::Address> {
                          return ++asked == 1 ? first.address() : second.address();
                        }},
                       std::make_shared<LineProtocol>());
  CHECK(ask(channel, "one") == "first");
  CHECK(ask(channel, "two") == "two");
  CHECK(ask(channel, "three") == "three");
  CHECK(asked == 2);
  CHECK(channel.endpoint() == "the master:1");
}

TEST_CASE("who does not know where a peer is says why", "[net]") {
  net::Channel channel({.address = {.host = "the master", .port = 1},
                        .where = [](Deadline) -> Result<net::Address> {
                          return fail(Errc::unavailable, "nobody is the master");
                        }},
                       std::make_shared<LineProtocol>());
  LineRequest request("ask");
  const auto outcome = channel.execute(request, Deadline::after(20s));
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().message.find("nobody is the master") != std::string::npos);
}

TEST_CASE("all connections of a node are retired at once", "[net]") {
  ScriptedServer server(repeat_lines);
  net::Channel channel({.address = {.host = "127.0.0.1", .port = server.port()},
                        .max_connections = 16,
                        .min_connections = 4},
                       std::make_shared<LineProtocol>());
  must(channel.open(Deadline::after(20s)));
  CHECK(channel.stats().connections == 4);
  CHECK(ask(channel, "a") == "a");
  CHECK(ask(channel, "b", true) == "b");
  CHECK(server.connections() == 4);
  channel.retire();
  CHECK(channel.stats().connections == 0);
  CHECK(ask(channel, "c") == "c");
  CHECK(ask(channel, "d", true) == "d");
  CHECK(server.connections() == 6);
  CHECK(channel.stats().connections == 2);
  CHECK(channel.stats().reconnects == 2);
}

TEST_CASE("what is under way on a connection that is retired is answered", "[net]") {
  Gate asked;
  Gate go_on;
  ScriptedServer server(std::vector<ScriptedServer::Script>{[&](Peer& peer) {
                                                              const std::string line =
                                                                  peer.read_line();
                                                              asked.open();
                                                              peer.wait_for(go_on);
                                                              peer.send(line);
                                                              repeat_lines(peer);
                                                            },
                                                            repeat_lines});
  net::Channel channel({.address = {.host = "127.0.0.1", .port = server.port()}},
                       std::make_shared<LineProtocol>());
  const bool large = GENERATE(false, true);
  LineRequest write("write", false, large);
  std::thread caller([&] { must(channel.execute(write, Deadline::after(20s))); });
  REQUIRE(asked.wait());
  channel.retire();
  go_on.open();
  caller.join();
  CHECK(write.answer == "write");
  CHECK(ask(channel, "next", large) == "next");
  CHECK(server.connections() == 2);
}

TEST_CASE("a connection that was being opened when all were retired is not used", "[net]") {
  const LinePeer peer([](Descriptor& connection, int) { echo(connection); });
  Gate entered;
  Gate go_on;
  std::atomic<int> handshakes{0};
  struct Slow final : net::Protocol {
    Slow(Gate& entered, Gate& go_on, std::atomic<int>& handshakes)
        : entered(entered), go_on(go_on), handshakes(handshakes) {}
    [[nodiscard]] std::unique_ptr<net::Session> make_session() const override {
      return std::make_unique<LineSession>();
    }
    [[nodiscard]] Result<void> handshake(net::Connection&, Deadline) const override {
      if (++handshakes > 1) return {};
      entered.open();
      return go_on.wait() ? Result<void>() : fail(Errc::unavailable, "the gate did not open");
    }
    Gate& entered;
    Gate& go_on;
    std::atomic<int>& handshakes;
  };
  net::Channel channel({.address = peer.address()},
                       std::make_shared<Slow>(entered, go_on, handshakes));
  const bool large = GENERATE(false, true);
  std::thread caller([&] { CHECK(ask(channel, "ask", large) == "ask"); });
  REQUIRE(entered.wait());
  channel.retire();
  go_on.open();
  caller.join();
  CHECK(handshakes == 2);
}

TEST_CASE("requests survive that their connections are retired again and again", "[net]") {
  ScriptedServer server(repeat_lines);
  net::Channel channel({.address = {.host = "127.0.0.1", .port = server.port()}},
                       std::make_shared<LineProtocol>());
  std::atomic<bool> over{false};
  std::thread retiring([&] {
    while (!over) {
      channel.retire();
      std::this_thread::yield();
    }
  });
  in_parallel(4, [&](unsigned number) {
    for (int i = 0; i < 100; ++i) {
      const std::string line = std::to_string(number) + " " + std::to_string(i);
      LineRequest write(line, false, i % 10 == 0);
      const auto outcome = channel.execute(write, Deadline::after(20s));
      // Nothing is lost that was sent; a request may find none that lasts for it.
      const bool none = !outcome && outcome.error().code == Errc::unavailable;
      if (!none) must(outcome);
      if (outcome && write.answer != line) std::abort();
    }
  });
  over = true;
  retiring.join();
}
