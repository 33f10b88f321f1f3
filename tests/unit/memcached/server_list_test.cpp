#include "memcached/server_list.hpp"

#include "support/catch.hpp"

using namespace cachekit;
using memcached::parse_servers;

TEST_CASE("every form of a server entry is read", "[memcached]") {
  const std::vector<std::string> entries = {"cache1",        "cache2:11311", "10.0.0.3:11211:5",
                                            "[::1]:11212",   "[fe80::2]",    "[fe80::3]:11211:2",
                                            "/run/mc/a.sock"};
  const auto servers = parse_servers(entries);
  REQUIRE(servers);
  REQUIRE(servers->size() == entries.size());
  const auto check = [&](std::size_t i, const net::Address& address, unsigned weight) {
    CAPTURE(entries[i]);
    CHECK((*servers)[i].address == address);
    CHECK((*servers)[i].weight == weight);
  };
  check(0, {.host = "cache1", .port = 11211}, 1);
  check(1, {.host = "cache2", .port = 11311}, 1);
  check(2, {.host = "10.0.0.3", .port = 11211}, 5);
  check(3, {.host = "::1", .port = 11212}, 1);
  check(4, {.host = "fe80::2", .port = 11211}, 1);
  check(5, {.host = "fe80::3", .port = 11211}, 2);
  check(6, {.path = "/run/mc/a.sock"}, 1);
}

TEST_CASE("a bad server entry is named in the error", "[memcached]") {
  const std::string entry =
      GENERATE(as<std::string>{}, ":11211", "host:", "host:0", "host:65536", "host:x", "host:1:0",
               "host:1:x", "host:1:2:3", "::1", "[::1", "[::1]x", "[]:1", "a b", "a\nb:1",
               "user@host", "host:11211 ", "host:-1", "/" + std::string(107, 'p'));
  const auto servers = parse_servers(std::vector<std::string>{"good", entry});
  REQUIRE_FALSE(servers);
  CHECK(servers.error().code == Errc::invalid_argument);
  CHECK(servers.error().message.find(entry) != std::string::npos);
  CHECK_FALSE(servers.error().hint.empty());
}

TEST_CASE("an empty list, an empty entry and a server named twice are refused", "[memcached]") {
  CHECK(parse_servers({}).error().code == Errc::invalid_argument);
  CHECK(parse_servers(std::vector<std::string>{""}).error().code == Errc::invalid_argument);
  CHECK(parse_servers(std::vector<std::string>{"a", "b", "a:11211:3"}).error().code ==
        Errc::invalid_argument);
}
