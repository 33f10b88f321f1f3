#include "support/servers.hpp"

#include "support/catch.hpp"

using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

std::string ask(const LocalServer& server, std::string_view request) {
  const Descriptor socket = connect_to_loopback(server.port());
  if (!socket.open()) return "refused";
  write_all(socket, request);
  return wait_readable(socket, 2s) ? read_some(socket) : "silence";
}

}  // namespace

TEST_CASE("a Redis server answers at once and asks for its password", "[support]") {
  RedisServer open;
  CHECK(ask(open, "PING\r\n") == "+PONG\r\n");
  RedisServer locked({.password = "sesame", .acl_user = "ada", .acl_password = "lovelace"});
  CHECK(ask(locked, "GET k\r\n").substr(0, 7) == "-NOAUTH");
  CHECK(ask(locked, "AUTH sesame\r\n") == "+OK\r\n");
  CHECK(ask(locked, "AUTH ada lovelace\r\n") == "+OK\r\n");
}

TEST_CASE("a killed server refuses, a restarted one answers on its old port", "[support]") {
  MemcachedServer server;
  const auto port = server.port();
  CHECK(ask(server, "version\r\n").substr(0, 7) == "VERSION");
  server.kill();
  CHECK(ask(server, "version\r\n") == "refused");
  server.restart();
  CHECK(server.port() == port);
  CHECK(ask(server, "version\r\n").substr(0, 7) == "VERSION");
}

TEST_CASE("a stopped server keeps its connections and says nothing until resumed", "[support]") {
  RedisServer server;
  server.stop();
  const Descriptor socket = connect_to_loopback(server.port());
  REQUIRE(socket.open());
  write_all(socket, "PING\r\n");
  CHECK_FALSE(wait_readable(socket, 50ms));
  server.resume();
  REQUIRE(wait_readable(socket, 5s));
  CHECK(read_some(socket) == "+PONG\r\n");
}

TEST_CASE("a missing program is a failure that names its package", "[support]") {
  CHECK_THROWS_WITH(find_program("no-such-server", "no-such-package"),
                    "these tests run against the real no-such-server, which is not installed: "
                    "apt-get install no-such-package");
}

TEST_CASE("a server's folder goes with it", "[support]") {
  std::filesystem::path folder;
  {
    RedisServer server({.unix_socket = true});
    folder = server.folder().path();
    CHECK(std::filesystem::exists(server.unix_socket()));
  }
  CHECK_FALSE(std::filesystem::exists(folder));
}
