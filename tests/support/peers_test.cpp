#include "support/black_hole.hpp"
#include "support/catch.hpp"
#include "support/fault_proxy.hpp"
#include "support/scripted_server.hpp"
#include "support/servers.hpp"

using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

std::string reply_to(const Descriptor& socket, std::string_view request) {
  write_all(socket, request);
  return wait_readable(socket, 5s) ? read_some(socket) : "silence";
}

}  // namespace

TEST_CASE("a scripted server says its lines and records what it heard", "[support]") {
  ScriptedServer server([](Peer& peer) {
    peer.expect("hello\n");
    peer.send("good ");
    peer.send_bytewise("day");
    peer.reset();
  });
  const Descriptor socket = connect_to_loopback(server.port());
  std::string heard;
  write_all(socket, "hello\n");
  for (std::string part; !(part = read_some(socket)).empty();) heard += part;
  CHECK(std::string("good day").rfind(heard, 0) == 0);  // A reset may overtake what was sent.
  CHECK(server.received() == "hello\n");
  CHECK(server.connections() == 1);
  CHECK(server.failures().empty());
}

TEST_CASE("a scripted server notes what it did not expect", "[support]") {
  ScriptedServer server([](Peer& peer) { peer.expect("hello"); });
  const Descriptor socket = connect_to_loopback(server.port());
  CHECK(reply_to(socket, "HELLO").empty());
  CHECK(server.failures().size() == 1);
}

TEST_CASE("a scripted server that stalls can be taken down", "[support]") {
  ScriptedServer server([](Peer& peer) { peer.stall(); });
  const Descriptor socket = connect_to_loopback(server.port());
  CHECK(socket.open());
}

TEST_CASE("a proxy passes both ways, byte by byte too, and counts", "[support]") {
  RedisServer redis;
  FaultProxy proxy(redis.port());
  const Descriptor socket = connect_to_loopback(proxy.port());
  CHECK(reply_to(socket, "PING\r\n") == "+PONG\r\n");
  proxy.split_bytes();
  std::string heard = reply_to(socket, "PING\r\n");
  while (heard.size() < 7) heard += read_some(socket);
  CHECK(heard == "+PONG\r\n");
  CHECK(proxy.connections() == 1);
  CHECK(proxy.request_bytes() == 12);
  CHECK(proxy.reply_bytes() == 14);
}

TEST_CASE("a proxy holds replies and delivers them late", "[support]") {
  RedisServer redis;
  FaultProxy proxy(redis.port());
  const Descriptor socket = connect_to_loopback(proxy.port());
  proxy.hold_replies();
  write_all(socket, "PING\r\n");
  CHECK(eventually([&] { return proxy.reply_bytes() == 7; }));
  CHECK_FALSE(wait_readable(socket, 20ms));
  proxy.pass();
  CHECK(wait_readable(socket, 5s));
  CHECK(read_some(socket) == "+PONG\r\n");
}

TEST_CASE("a proxy holds a request after some of its bytes", "[support]") {
  RedisServer redis;
  FaultProxy proxy(redis.port());
  const Descriptor socket = connect_to_loopback(proxy.port());
  proxy.hold_requests_after(3);
  write_all(socket, "PING\r\n");
  CHECK(eventually([&] { return proxy.request_bytes() == 6; }));
  CHECK_FALSE(wait_readable(socket, 20ms));
  proxy.pass();
  CHECK(wait_readable(socket, 5s));
  CHECK(read_some(socket) == "+PONG\r\n");
}

TEST_CASE("a proxy interjects between replies only", "[support]") {
  ReplyStream redis(Speech::redis);
  redis.follow("+OK\r\n*2\r\n$3\r\na\r\n\r\n:1\r\n$-1\r\n*0\r\n");
  CHECK(redis.between_replies());
  redis.follow("*2\r\n:1\r\n");
  CHECK_FALSE(redis.between_replies());
  redis.follow("$2\r\nab");
  CHECK_FALSE(redis.between_replies());
  redis.follow("\r\n");
  CHECK(redis.between_replies());
  ReplyStream memcached(Speech::memcached);
  memcached.follow("HD\r\nVA 2 t0\r\nab\r\nEN\r\n");
  CHECK(memcached.between_replies());
  memcached.follow("VA 2\r\n");
  CHECK_FALSE(memcached.between_replies());

  RedisServer server;
  FaultProxy proxy(server.port(), Speech::redis);
  const Descriptor socket = connect_to_loopback(proxy.port());
  CHECK(reply_to(socket, "PING\r\n") == "+PONG\r\n");
  proxy.interject("+GOOD DAY\r\n");
  CHECK(wait_readable(socket, 5s));
  CHECK(read_some(socket) == "+GOOD DAY\r\n");
  CHECK(reply_to(socket, "PING\r\n") == "+PONG\r\n");
}

TEST_CASE("a proxy cuts a reply after the server has done its work", "[support]") {
  RedisServer redis;
  FaultProxy proxy(redis.port());
  proxy.cut_replies_after(2);
  const Descriptor cut = connect_to_loopback(proxy.port());
  const std::string heard = reply_to(cut, "INCR n\r\n");
  CHECK((heard.empty() || heard == ":1"));
  const Descriptor next = connect_to_loopback(proxy.port());
  CHECK(reply_to(next, "INCR n\r\n") == ":2\r\n");
}

TEST_CASE("a proxy refuses connections until told to accept", "[support]") {
  RedisServer redis;
  FaultProxy proxy(redis.port());
  proxy.refuse();
  CHECK_FALSE(connect_to_loopback(proxy.port()).open());
  proxy.accept();
  CHECK(connect_to_loopback(proxy.port()).open());
}

TEST_CASE("a black hole neither accepts nor refuses", "[support]") {
  CHECK(BlackHole().port() != 0);
}
