#include "net/transport/socket.hpp"

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

namespace {

Result<net::Socket> connect_to(const Descriptor& listener) {
  return net::Socket::connect(*net::SocketAddress::numeric("127.0.0.1", port_of(listener)),
                              Deadline::after(10s));
}

}  // namespace

TEST_CASE("a socket is closed on exec and once only", "[net]") {
  const Descriptor listener = listen_on_loopback();
  const std::size_t before = open_descriptors();
  {
    auto socket = connect_to(listener);
    REQUIRE(socket);
    CHECK((fcntl(socket->descriptor(), F_GETFD) & FD_CLOEXEC) != 0);
    const net::Socket moved = *std::move(socket);
    CHECK(moved.descriptor() >= 0);
  }
  CHECK(open_descriptors() == before);
}

TEST_CASE("writing to a peer that is gone is no signal", "[net]") {
  const Descriptor listener = listen_on_loopback();
  auto socket = connect_to(listener);
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

TEST_CASE("a socket takes no place of a standard stream that the program has closed", "[net]") {
  const Descriptor listener = listen_on_loopback();
  std::optional<Result<net::Socket>> socket;
  int taken = -1;
  {
    const ClosedStandard closed;
    socket.emplace(connect_to(listener));
    taken = ClosedStandard::taken();
  }
  REQUIRE(*socket);
  CHECK((*socket)->descriptor() > STDERR_FILENO);
  CHECK((fcntl((*socket)->descriptor(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(taken == 0);
}
