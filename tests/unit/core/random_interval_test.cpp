#include "core/random_interval.hpp"

#include "support/catch.hpp"

using cachekit::core::RandomInterval;

TEST_CASE("one event in so many is picked, at distances that vary", "[sampling]") {
  RandomInterval interval(64);
  int picked = 0;
  int even = 0;
  for (int i = 0; i < 640'000; ++i) {
    if (!interval.passed()) continue;
    ++picked;
    if (i % 2 == 0) ++even;
  }
  CHECK((picked > 9'700 && picked < 10'300));
  CHECK((even > picked * 45 / 100 && even < picked * 55 / 100));
}

TEST_CASE("what is skipped is not picked, and what is not skipped is", "[sampling]") {
  RandomInterval interval(4);
  int picked = 0;
  for (int i = 0; i < 400; ++i) {
    if (interval.skip()) continue;
    ++picked;
    REQUIRE(interval.passed());
  }
  CHECK((picked > 80 && picked < 120));
}
