#include "support/catch.hpp"

#include <cachekit/ttl.hpp>

using namespace cachekit;
using namespace std::chrono_literals;

TEST_CASE("a TTL below a millisecond rounds up instead of becoming 0", "[ttl]") {
  CHECK(Ttl(1us).duration() == 1ms);
  CHECK(Ttl(1500us).duration() == 2ms);
}

TEST_CASE("a TTL of zero or less is refused, no expiry is its own value", "[ttl]") {
  CHECK_FALSE(validate(Ttl(0s)));
  CHECK_FALSE(validate(Ttl(-5s)));
  CHECK(validate(Ttl::none()));
  CHECK(Ttl::none() != Ttl(0s));
}

TEST_CASE("a TTL that would overflow is an error, never a short TTL", "[ttl]") {
  CHECK(validate(Ttl(Ttl::max)));
  CHECK_FALSE(validate(Ttl(Ttl::max + 1ms)));
  CHECK_FALSE(validate(Ttl(std::chrono::hours::max())));
  CHECK_FALSE(validate(Ttl(std::chrono::seconds::max())));
  CHECK_FALSE(validate(Ttl(std::chrono::years(100'000))));
  CHECK(validate(Ttl(std::chrono::hours::max())).error().code == Errc::invalid_argument);
}
