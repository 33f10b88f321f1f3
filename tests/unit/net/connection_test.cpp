#include "net/pool/connection.hpp"

#include "line_protocol.hpp"
#include "net/pool/dialer.hpp"
#include "support/catch.hpp"

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

std::unique_ptr<net::Connection> open(const LinePeer& peer) {
  net::Dialer dialer(peer.address(), std::make_shared<LineProtocol>());
  auto connection = dialer.open(Deadline::after(10s));
  REQUIRE(connection);
  return *std::move(connection);
}

}  // namespace

TEST_CASE("requests follow one another on a connection", "[net]") {
  const LinePeer peer([](Descriptor& connection, int) { echo(connection); });
  const auto connection = open(peer);
  for (const char* text : {"one", "two", "three"}) {
    LineRequest request(text);
    REQUIRE(connection->exchange(request, Deadline::after(10s)));
    CHECK(request.answer == text);
  }
  CHECK(connection->usable());
  CHECK_FALSE(connection->stale());
}

TEST_CASE("a request that cannot be encoded leaves the connection as it was", "[net]") {
  const LinePeer peer([](Descriptor& connection, int) { echo(connection); });
  const auto connection = open(peer);
  LineRequest nothing("");
  const auto refused = connection->exchange(nothing, Deadline::after(10s));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::invalid_argument);
  LineRequest request("still fine");
  REQUIRE(connection->exchange(request, Deadline::after(10s)));
  CHECK(request.answer == "still fine");
}

TEST_CASE("a connection that timed out is never used again", "[net]") {
  const LinePeer peer([](Descriptor& connection, int) {
    static_cast<void>(read_line(connection));
    static_cast<void>(read_line(connection));
  });
  const auto connection = open(peer);
  LineRequest read("slow");
  const auto late = connection->exchange(read, Deadline::after(20ms));
  REQUIRE_FALSE(late);
  CHECK(late.error().code == Errc::timeout);
  CHECK_FALSE(connection->usable());
  CHECK(connection->stale());
}

TEST_CASE("a write without an answer is in mark_broken, a read is not", "[net]") {
  const LinePeer peer([](Descriptor& connection, int) {
    static_cast<void>(read_line(connection));
    connection.close();
  });
  LineRequest write("write", false);
  const auto mark_broken = open(peer)->exchange(write, Deadline::after(10s));
  REQUIRE_FALSE(mark_broken);
  CHECK(mark_broken.error().code == Errc::outcome_unknown);
  LineRequest read("read", true);
  const auto lost = open(peer)->exchange(read, Deadline::after(10s));
  REQUIRE_FALSE(lost);
  CHECK(lost.error().code == Errc::unavailable);
}

TEST_CASE("an answer that nobody asked for closes the connection", "[net]") {
  const LinePeer peer([](Descriptor& connection, int) {
    static_cast<void>(read_line(connection));
    write_all(connection, "answer\nsomebody else's\n");
    static_cast<void>(read_line(connection));
  });
  const auto connection = open(peer);
  LineRequest request("ask");
  const auto outcome = connection->exchange(request, Deadline::after(10s));
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Errc::protocol);
  CHECK_FALSE(connection->usable());
}

TEST_CASE("an answer may come before the whole request is out", "[net]") {
  const LinePeer peer([](Descriptor& connection, int) {
    std::string came = read_some(connection);
    write_all(connection, "refused\n");
    const std::size_t both = (std::size_t{8} << 20U) + std::string_view("\nnext\n").size();
    while (came.size() < both) came += read_some(connection);
    write_all(connection, came.substr(both - std::string_view("next\n").size()));
  });
  const auto connection = open(peer);
  LineRequest large(std::string(std::size_t{8} << 20U, 'x'), false);
  REQUIRE(connection->exchange(large, Deadline::after(60s)));
  CHECK(large.answer == "refused");
  LineRequest next("next");
  REQUIRE(connection->exchange(next, Deadline::after(10s)));
  CHECK(next.answer == "next");
}
