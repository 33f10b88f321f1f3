#include "net/pool/dialer.hpp"

#include "line_protocol.hpp"
#include "support/catch.hpp"
#include "support/loopback.hpp"

#include <memory>
#include <string>
#include <utility>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

Result<std::unique_ptr<net::Connection>> dial(net::Address address, Deadline deadline) {
  return net::Dialer(std::move(address), std::make_shared<LineProtocol>()).open(deadline);
}

}  // namespace

TEST_CASE("a port that nobody listens on is unavailable at once", "[net]") {
  const ReservedPort port;
  const auto socket = dial({.host = "127.0.0.1", .port = port.number()}, Deadline::after(10s));
  REQUIRE_FALSE(socket);
  CHECK(socket.error().code == Errc::unavailable);
  CHECK(socket.error().endpoint == "127.0.0.1:" + std::to_string(port.number()));
  CHECK_FALSE(socket.error().hint.empty());
}

TEST_CASE("every address of a name is tried", "[net]") {
  // localhost is ::1 and 127.0.0.1 on most machines; the server listens on the second only.
  const Descriptor listener = listen_on_loopback();
  CHECK(dial({.host = "localhost", .port = port_of(listener)}, Deadline::after(10s)));
}

TEST_CASE("a name that does not exist is told apart from a server that is down", "[net]") {
  const auto socket = dial({.host = "no-such-host.invalid", .port = 1}, Deadline::after(10s));
  REQUIRE_FALSE(socket);
  CHECK(socket.error().message.find("no-such-host.invalid") != std::string::npos);
}

TEST_CASE("a deadline that has passed ends a connect", "[net]") {
  // A full backlog makes the kernel drop further SYNs, like a host that is gone.
  const Descriptor listener = listen_on_loopback(0, 0);
  const Descriptor filler = connect_to_loopback(port_of(listener));
  const auto socket = dial({.host = "127.0.0.1", .port = port_of(listener)}, Deadline::after(30ms));
  REQUIRE_FALSE(socket);
  CHECK(socket.error().code == Errc::timeout);
}

TEST_CASE("a path too long for a unix socket is refused", "[net]") {
  const auto socket = dial({.path = "/tmp/" + std::string(200, 'x')}, Deadline::after(1s));
  REQUIRE_FALSE(socket);
  CHECK(socket.error().code == Errc::invalid_argument);
}

TEST_CASE("a budget that the clock cannot count is enough to connect and to wait", "[net]") {
  const LinePeer peer([](Descriptor& connection, int) { echo(connection); });
  const auto budget = GENERATE(std::chrono::milliseconds(std::chrono::hours(24) * 365 * 1000),
                               std::chrono::milliseconds::max());
  const auto connection = dial(peer.address(), Deadline::after(budget));
  REQUIRE(connection);
  LineRequest request("hello");
  CHECK((*connection)->exchange(request, Deadline::after(budget)));
  CHECK(request.answer == "hello");
}
