#include "net/socket.hpp"

#include "support/catch.hpp"
#include "support/closed_standard.hpp"
#include "support/loopback.hpp"

#include <optional>
#include <string>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

TEST_CASE("a port that nobody listens on is unavailable at once", "[net]") {
  const ReservedPort port;
  const auto socket =
      net::Socket::connect({.host = "127.0.0.1", .port = port.number()}, Deadline::after(10s));
  REQUIRE_FALSE(socket);
  CHECK(socket.error().code == Errc::unavailable);
  CHECK(socket.error().endpoint == "127.0.0.1:" + std::to_string(port.number()));
  CHECK_FALSE(socket.error().hint.empty());
}

TEST_CASE("every address of a name is tried", "[net][failures-15]") {
  // localhost is ::1 and 127.0.0.1 on most machines; the server listens on the second only.
  const Descriptor listener = listen_on_loopback();
  const auto socket =
      net::Socket::connect({.host = "localhost", .port = port_of(listener)}, Deadline::after(10s));
  CHECK(socket);
}

TEST_CASE("a name that does not exist is told apart from a server that is down", "[net]") {
  const auto socket =
      net::Socket::connect({.host = "no-such-host.invalid", .port = 1}, Deadline::after(10s));
  REQUIRE_FALSE(socket);
  CHECK(socket.error().message.find("no-such-host.invalid") != std::string::npos);
}

TEST_CASE("a deadline that has passed ends a connect", "[net][failures-18]") {
  // A full backlog makes the kernel drop further SYNs, like a host that is gone.
  const Descriptor listener = listen_on_loopback(0, 0);
  const Descriptor filler = connect_to_loopback(port_of(listener));
  const auto socket =
      net::Socket::connect({.host = "127.0.0.1", .port = port_of(listener)}, Deadline::after(30ms));
  REQUIRE_FALSE(socket);
  CHECK(socket.error().code == Errc::timeout);
}

TEST_CASE("a path too long for a unix socket is refused", "[net]") {
  const auto socket =
      net::Socket::connect({.path = "/tmp/" + std::string(200, 'x')}, Deadline::after(1s));
  REQUIRE_FALSE(socket);
  CHECK(socket.error().code == Errc::invalid_argument);
}

TEST_CASE("a socket is closed on exec and once only", "[net][failures-10]") {
  const Descriptor listener = listen_on_loopback();
  const std::size_t before = open_descriptors();
  {
    auto socket = net::Socket::connect({.host = "127.0.0.1", .port = port_of(listener)},
                                       Deadline::after(10s));
    REQUIRE(socket);
    CHECK((fcntl(socket->descriptor(), F_GETFD) & FD_CLOEXEC) != 0);
    const net::Socket moved = *std::move(socket);
    CHECK(moved.descriptor() >= 0);
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("writing to a peer that is gone is no signal", "[net][failures-29]") {
  const Descriptor listener = listen_on_loopback();
  auto socket =
      net::Socket::connect({.host = "127.0.0.1", .port = port_of(listener)}, Deadline::after(10s));
  REQUIRE(socket);
  Descriptor peer(::accept(listener.get(), nullptr, nullptr));
  reset(peer);
  REQUIRE(net::wait_ready(socket->descriptor(), false, Deadline::after(10s)));
  const std::string bytes(1 << 20, 'x');
  for (int i = 0; i < 3; ++i) {
    const auto written = socket->write(bytes);
    REQUIRE(written);
    CHECK(written->status == net::Socket::Status::closed);
  }
}

TEST_CASE("a socket takes no place of a standard stream that the program has closed",
          "[net][failures-39]") {
  const Descriptor listener = listen_on_loopback();
  std::optional<Result<net::Socket>> socket;
  int taken = -1;
  {
    const ClosedStandard closed;
    socket.emplace(net::Socket::connect({.host = "127.0.0.1", .port = port_of(listener)},
                                        Deadline::after(10s)));
    taken = ClosedStandard::taken();
  }
  REQUIRE(*socket);
  CHECK((*socket)->descriptor() > STDERR_FILENO);
  CHECK((fcntl((*socket)->descriptor(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(taken == 0);
}
