#include "support/catch.hpp"
#include "transfer/rate_limiter.hpp"
#include "transfer/ttl_jitter.hpp"
#include "transfer/whole_number.hpp"

#include <set>

using namespace cachekit;
using namespace cachekit::cli;
using namespace std::chrono_literals;

TEST_CASE("a rate is so many a second", "[cli][rate]") {
  CHECK(parse_rate("1000/s") == 1000.0);
  CHECK(parse_rate("2.5") == 2.5);
  for (const char* text : {"", "0", "-1", "fast", "10/m", "/s", "1e9", "nan"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_rate(text).has_value());
  }
}

TEST_CASE("the rate limiter never gives more than the rate", "[cli][rate]") {
  RateLimiter::time_point now{1h};
  RateLimiter limiter(1000, now);
  CHECK(limiter.burst() == 100);
  std::chrono::nanoseconds waited{0};
  for (int i = 0; i < 50; ++i) {
    const auto wait = limiter.take(100, now);
    waited += wait;
    now += wait;
  }
  CHECK(waited >= 5s - 1us);
  CHECK(waited <= 5s + 1us);
}

TEST_CASE("a pause earns the rate limiter no burst", "[cli][rate]") {
  RateLimiter::time_point now{1h};
  RateLimiter limiter(1000, now);
  now += 1h;
  CHECK(limiter.take(100, now) == 0ns);
  CHECK(limiter.take(100, now) == 100ms);
}

TEST_CASE("jitter is a part or a duration", "[cli][jitter]") {
  CHECK(parse_jitter("0.1")->fraction == 0.1);
  CHECK(parse_jitter("10%")->fraction == 0.1);
  CHECK(parse_jitter("30s")->duration == 30s);
  for (const char* text : {"", "1.5", "-0.1", "150%", "much", "30"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_jitter(text).has_value());
  }
}

TEST_CASE("jitter shortens a TTL within its bounds and spreads it", "[cli][jitter]") {
  TtlJitter tenth({0.1, {}}, 1);
  TtlJitter all({0, 1h}, 1);
  std::set<std::int64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    const Ttl ttl = tenth.apply(10s);
    REQUIRE(ttl.duration() <= 10s);
    REQUIRE(ttl.duration() >= 9s);
    seen.insert(ttl.duration().count());
    REQUIRE(all.apply(5ms).duration() >= 1ms);
  }
  CHECK(seen.size() > 300);
  CHECK(tenth.apply(Ttl::none()) == Ttl::none());
  CHECK(tenth.apply(1ms) == Ttl(1ms));
}

TEST_CASE("a whole number has digits and nothing else", "[cli]") {
  CHECK(parse_whole_number("0") == 0U);
  CHECK(parse_whole_number("18446744073709551615") == UINT64_MAX);
  for (const char* text : {"", "-1", "+1", "1.5", "1e3", "0x10", " 1", "18446744073709551616"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_whole_number(text).has_value());
  }
}
