#include "subject.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"

#include <chrono>
#include <limits>
#include <string>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

TEST_CASE("increment counts from 0 without expiry", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("n");
  CHECK(must(cache->increment(key)) == 1);
  CHECK(must(cache->increment(key, 41)) == 42);
  CHECK(must(cache->increment(key, 0)) == 42);
  CHECK(must(cache->get(key)) == "42");
  CHECK(must(cache->ttl(key)) == Ttl::none());
}

TEST_CASE("a fresh counter starts at what was added", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  CHECK(must(cache->increment(cache.key("big"), 1'000'000'000'000)) == 1'000'000'000'000);
  CHECK(must(cache->increment(cache.key("zero"), 0)) == 0);
  CHECK(must(cache->exists(cache.key("zero"))));
}

TEST_CASE("increment goes on from a stored number and keeps its TTL", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("n");
  must(cache->set(key, "9", {.ttl = 1h}));
  CHECK(must(cache->increment(key)) == 10);
  CHECK(must(cache->get(key)) == "10");
  const std::optional<Ttl> left = must(cache->ttl(key));
  REQUIRE(left);
  CHECK(left->expires());
}

TEST_CASE("counters go down, and below 0 where the backend says so", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("n");
  must(cache->set(key, "10"));
  CHECK(must(cache->increment(key, -3)) == 7);
  CHECK(std::stoll(must(cache->get(key)).value()) == 7);
  const bool below = cache->capabilities().negative_counters;
  CHECK(must(cache->increment(key, -9)) == (below ? -2 : 0));
  CHECK(must(cache->increment(cache.key("fresh"), -5)) == (below ? -5 : 0));
  CHECK(must(cache->increment(cache.key("fresh"), 6)) == (below ? 1 : 6));
}

TEST_CASE("incrementing what is no number is rejected and leaves the value alone", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  for (const std::string value : {"Ada", "", "1.5", "12apples", "99999999999999999999999"}) {
    INFO("value \"" << value << '"');
    must(cache->set(cache.key("n"), value));
    CHECK(code_of(cache->increment(cache.key("n"))) == "rejected");
    CHECK(must(cache->get(cache.key("n"))) == value);
  }
}

TEST_CASE("a counter that would overflow is rejected", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  must(cache->set(cache.key("n"), std::to_string(most)));
  CHECK(must(cache->increment(cache.key("n"), 0)) == most);
  CHECK(code_of(cache->increment(cache.key("n"), 1)) == "rejected");
}

TEST_CASE("the smallest step a counter can be given does not overflow on the way", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  must(cache->set(cache.key("n"), "5"));
  const bool below = cache->capabilities().negative_counters;
  CHECK(must(cache->increment(cache.key("n"), least)) == (below ? least + 5 : 0));
}
