// Which of a name's addresses is used, and what is said when none serves.

#include "fake_network.hpp"
#include "net/pool/dialer.hpp"
#include "support/catch.hpp"
#include "support/fault_proxy.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"
#include "support/scripted_server.hpp"
#include "support/servers.hpp"
#include "unit/net/line_protocol.hpp"

#include <cachekit/memcached.hpp>
#include <cachekit/redis.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;
using Hosts = std::vector<std::string>;

namespace {

// Accepts connections (the kernel does) and never says a word.
Descriptor listen_in_silence(const std::string& host, std::uint16_t port) {
  const auto address = *net::SocketAddress::numeric(host, port);
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::bind(socket.get(), address.get(), address.length) != 0 ||
      ::listen(socket.get(), 100) != 0) {
    throw std::runtime_error("nothing can listen at " + host);
  }
  return socket;
}

std::unique_ptr<CacheBackend> client_of(bool redis, std::uint16_t port) {
  if (redis) {
    return std::make_unique<RedisBackend>(
        RedisConfig{.host = fake_host,
                    .port = port,
                    .connection_timeout = std::chrono::seconds(10),
                    .operation_timeout = std::chrono::seconds(10)});
  }
  return std::make_unique<MemcachedBackend>(
      MemcachedConfig{.servers = {std::string(fake_host) + ":" + std::to_string(port)},
                      .connection_timeout = std::chrono::seconds(10),
                      .operation_timeout = std::chrono::seconds(10)});
}

// Says hello on each connection; a peer that answers "no: ..." is not what it should be.
class GreetingProtocol final : public net::Protocol {
 public:
  [[nodiscard]] std::unique_ptr<net::Session> make_session() const override {
    return std::make_unique<LineSession>();
  }
  [[nodiscard]] Result<void> handshake(net::Connection& connection,
                                       Deadline deadline) const override {
    LineRequest hello("hello");
    if (Result<void> sent = connection.exchange(hello, deadline); !sent) return sent;
    if (hello.answer.starts_with("later")) return fail(Errc::unavailable, hello.answer);
    if (hello.answer.starts_with("no")) return fail(Errc::rejected, hello.answer);
    return {};
  }
};

net::Dialer dialer_to(std::uint16_t port) {
  return {{.host = fake_host, .port = port}, std::make_shared<GreetingProtocol>()};
}

ScriptedServer::Script answers(const std::string& line) {
  return [line](Peer& peer) {
    peer.expect("hello\n");
    peer.send(line + "\n");
    peer.stall();
  };
}

}  // namespace

TEST_CASE("an address that accepts and never answers does not keep a client from the next one",
          "[faults]") {
  const bool redis = GENERATE(true, false);
  std::unique_ptr<LocalServer> server;
  if (redis) server = std::make_unique<RedisServer>();
  if (!redis) server = std::make_unique<MemcachedServer>();
  FaultProxy proxy(server->port());
  const Descriptor silent = listen_in_silence("127.0.0.2", proxy.port());
  set_addresses({"127.0.0.2", "127.0.0.1"});
  const auto cache = client_of(redis, proxy.port());
  CHECK(must(cache->set("k", "v")));
  CHECK(dialled(proxy.port()) == Hosts{"127.0.0.2", "127.0.0.1"});

  // From then on the one that served goes first.
  for (int i = 0; i < 3; ++i) {
    proxy.reset_connections();
    CHECK(eventually([&] { return cache->get("k") == "v"; }));
  }
  Hosts later = dialled(proxy.port());
  CHECK(later.size() >= 5);
  later.erase(later.begin());
  CHECK(later == Hosts(later.size(), "127.0.0.1"));
}

TEST_CASE("an address that said nothing is asked again once the others have said no", "[faults]") {
  ScriptedServer server({[](Peer& peer) { peer.stall(); }, answers("welcome")});
  set_addresses({"127.0.0.1", "127.0.0.2"});
  auto dialer = dialer_to(server.port());
  CHECK(dialer.open(Deadline::after(30s)));
  CHECK(dialled(server.port()) == Hosts{"127.0.0.1", "127.0.0.2", "127.0.0.1"});
}

TEST_CASE("addresses share a small budget, and the next call begins with another one", "[faults]") {
  ScriptedServer server([](Peer& peer) { peer.stall(); });
  const Descriptor second = listen_in_silence("127.0.0.2", server.port());
  const Descriptor third = listen_in_silence("127.0.0.3", server.port());
  set_addresses({"127.0.0.1", "127.0.0.2", "127.0.0.3"});
  auto dialer = dialer_to(server.port());
  CHECK(code_of(dialer.open(Deadline::after(600ms))) == "timeout");
  const Hosts first_call = dialled(server.port());
  REQUIRE(first_call.size() >= 2);
  CHECK(first_call[0] == "127.0.0.1");
  CHECK(first_call[1] == "127.0.0.2");
  CHECK(code_of(dialer.open(Deadline::after(600ms))) == "timeout");
  const Hosts both_calls = dialled(server.port());
  REQUIRE(both_calls.size() > first_call.size());
  CHECK(both_calls[first_call.size()] == "127.0.0.2");
}

TEST_CASE("a server's own words are told, whatever the other addresses did not say", "[faults]") {
  ScriptedServer server(answers("later: I am loading"));
  const Descriptor silent = listen_in_silence("127.0.0.2", server.port());
  const bool words_first = GENERATE(true, false);
  // Nobody listens on 127.0.0.3.
  set_addresses(words_first ? Hosts{"127.0.0.1", "127.0.0.3", "127.0.0.2"}
                            : Hosts{"127.0.0.2", "127.0.0.1", "127.0.0.3"});
  auto dialer = dialer_to(server.port());
  const auto opened = dialer.open(Deadline::after(600ms));
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Errc::unavailable);
  CHECK(opened.error().message == "later: I am loading");
  CHECK(opened.error().endpoint == fake_host + (":" + std::to_string(server.port())));
  CHECK(server.connections() == 1);
}

TEST_CASE("a wrong password at one address is tried at no other and not again", "[faults]") {
  ScriptedServer server([](Peer& peer) {
    peer.read_line();
    peer.send("-WRONGPASS invalid username-password pair or user is disabled.\r\n+OK\r\n");
    peer.stall();
  });
  const Descriptor second = listen_in_silence("127.0.0.2", server.port());
  set_addresses({"127.0.0.1", "127.0.0.2"});
  RedisBackend cache({.host = fake_host, .port = server.port(), .password = Secret("wrong")});
  CHECK(code_of(cache.get("k", {.timeout = 30s})) == "rejected");
  CHECK(dialled(server.port()) == Hosts{"127.0.0.1"});
}

TEST_CASE("a socket that reaches itself is no server", "[faults]") {
  const bool redis = GENERATE(true, false);
  std::uint16_t port = 0;
  {
    const ReservedPort free;
    port = free.number();
  }
  set_addresses({"127.0.0.1"});
  const auto cache = client_of(redis, port);
  {
    const SelfConnecting yes(port);
    const auto got = cache->get("k");
    REQUIRE_FALSE(got);
    CHECK(got.error().code == Errc::unavailable);
    CHECK(got.error().message.find("connected to itself: nothing listens on port " +
                                   std::to_string(port)) != std::string::npos);
    CHECK(code_of(cache->set("k", "v")) == "unavailable");
  }
  // And the port is free for the server at once.
  CHECK(listen_on_loopback(port).open());
}

TEST_CASE("a connection for which there is no memory is an error and leaves nothing behind",
          "[faults]") {
  const LinePeer peer([](Descriptor& connection, int) { echo(connection); });
  set_addresses({"127.0.0.1"});
  auto dialer = dialer_to(peer.address().port);
  CHECK(dialer.open(Deadline::after(30s)));
  const std::size_t before = open_descriptors();
  for (int good = 0;; ++good) {
    bool over = false, told = false;
    {
      const NoMemory none(good);
      const auto opened = dialer.open(Deadline::after(30s));
      over = !NoMemory::spent();
      told = opened || opened.error().message == "out of memory";
    }
    CAPTURE(good);
    CHECK(told);
    CHECK(eventually([&] { return open_descriptors() <= before; }));
    if (over) break;
  }
  CHECK(dialer.open(Deadline::after(30s)));
}
