#include "net/transport/address.hpp"

#include "support/catch.hpp"

using cachekit::net::Address;

TEST_CASE("an endpoint reads as people write it", "[net]") {
  CHECK(Address{.host = "cache-1", .port = 6379}.endpoint() == "cache-1:6379");
  CHECK(Address{.host = "::1", .port = 11211}.endpoint() == "[::1]:11211");
  CHECK(Address{.path = "/run/redis.sock"}.endpoint() == "/run/redis.sock");
}
