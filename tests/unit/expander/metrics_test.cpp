#include "support/catch.hpp"
#include "unit/expander/entities.hpp"

using namespace cachekit;
using namespace std::chrono_literals;

TEST_CASE("hits and misses add up to the look-ups; loads are no hits", "[expander]") {
  Fixture t;
  REQUIRE(t.fetch());                       // miss, load, set
  REQUIRE(t.fetch());                       // hit
  REQUIRE(t.fetch());                       // hit
  REQUIRE(t.fetch(Strategy::fresh));        // hit
  REQUIRE(t.fetch(Strategy::bypass));       // load
  REQUIRE(t.fetch(Strategy::invalidate));   // delete, load, set
  REQUIRE(t.expander.put(2, User{"Eve"}));  // set
  REQUIRE(t.expander.invalidate<User>(2));  // delete
  REQUIRE(t.expander.invalidate<User>(2));  // nothing there to delete
  REQUIRE(t.expander.find<User>(2));        // miss
  const auto now = t.expander.metrics().snapshot();
  CHECK(now.hits == 3);
  CHECK(now.misses == 2);
  CHECK(now.hits + now.misses == static_cast<std::uint64_t>(t.backend.inner().gets));
  CHECK(now.loads == 3);
  CHECK(now.loads == static_cast<std::uint64_t>(t.source.asked));
  CHECK(now.load_failures == 0);
  CHECK(now.sets == 3);
  CHECK(now.removes == 2);
  CHECK(now.errors == 0);
  CHECK(now.repairs == 0);
  CHECK(now.hit_rate() == 0.6);
}

TEST_CASE("a canary: no failed look-up ever shows as a miss or a hit", "[expander]") {
  Fixture t;
  std::uint64_t failed = 0;
  for (int i = 0; i < 300; ++i) {
    t.backend.recover();
    if (i % 3 == 0) t.backend.inner().get_fault = Error{.code = Errc::timeout, .message = "late"};
    failed += i % 3 == 0 ? 1 : 0;
    REQUIRE(t.expander.fetch<User>(i % 7, t.source.loader()));
  }
  const auto now = t.expander.metrics().snapshot();
  CHECK(now.errors == failed);
  CHECK(now.hits + now.misses + now.errors == 300);
  CHECK(now.misses <= 7);
}

TEST_CASE("every fetch is timed, those that fail too", "[expander]") {
  Fixture t;
  const auto slow = [&]() -> User {
    t.runtime.advance(3s);
    throw std::runtime_error("down");
  };
  CHECK_FALSE(t.expander.fetch<User>(1, slow));
  REQUIRE(t.fetch());
  CHECK(t.expander.metrics().latency().count() == 2);
  CHECK(t.expander.metrics().latency().max() == 3s);
}

TEST_CASE("loads are timed for themselves, those that fail too", "[expander]") {
  Fixture t;
  const auto take = [&](std::chrono::seconds time, bool fails) {
    return [&t, time, fails]() -> User {
      t.runtime.advance(time);
      if (fails) throw std::runtime_error("down");
      return User{"Ada"};
    };
  };
  CHECK_FALSE(t.expander.fetch<User>(1, take(3s, true)));
  REQUIRE(t.expander.fetch<User>(1, take(2s, false)));
  REQUIRE(t.fetch());
  CHECK(t.expander.metrics().load_latency().count() == 2);
  CHECK(t.expander.metrics().load_latency().max() == 3s);
  CHECK(t.expander.metrics().load_latency().min() == 2s);
  CHECK(t.expander.prometheus().find("cachekit_load_duration_seconds_count{backend=") !=
        std::string::npos);
}

TEST_CASE("the expander's figures are told from its backend's by their label", "[expander]") {
  Fixture t;
  REQUIRE(t.fetch());
  CHECK(t.expander.prometheus().find("cachekit_loads_total{backend=\"expander:faulty\"} 1\n") !=
        std::string::npos);
}
