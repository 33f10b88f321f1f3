#include "support/catch.hpp"
#include "unit/expander/entities.hpp"

using namespace cachekit;
using namespace std::chrono_literals;

TEST_CASE("refresh loads on a miss, stores, and answers from the cache from then on",
          "[expander]") {
  Fixture t;
  auto first = t.fetch();
  REQUIRE(first);
  REQUIRE(first->has_value());
  CHECK((*first)->name == "Ada");
  CHECK(first->origin == Origin::source);
  CHECK(first->miss == MissReason::absent);
  CHECK(first->age == 0ms);
  CHECK(first->remaining == Ttl(5min));
  CHECK(t.backend.inner().entries.contains("user:1"));

  t.source.name = "Grace";
  t.runtime.advance(90s);
  auto second = t.fetch();
  REQUIRE(second);
  CHECK((*second)->name == "Ada");
  CHECK(second->origin == Origin::cache);
  CHECK(second->miss == MissReason::none);
  CHECK(second->age == 90s);
  CHECK(second->remaining == Ttl(210s));
  CHECK_FALSE(second->cache_error);
  CHECK(t.source.asked == 1);
}

TEST_CASE("fresh answers from the cache alone and never calls the loader", "[expander]") {
  Fixture t;
  auto miss = t.fetch(Strategy::fresh);
  REQUIRE(miss);
  CHECK_FALSE(miss->has_value());
  CHECK(miss->origin == Origin::none);
  CHECK(miss->miss == MissReason::absent);
  CHECK(t.source.asked == 0);
  CHECK(t.backend.inner().sets == 0);

  REQUIRE(t.fetch());
  auto hit = t.expander.find<User>(1);
  REQUIRE(hit);
  CHECK((*hit)->name == "Ada");
  CHECK(hit->origin == Origin::cache);
  CHECK(t.source.asked == 1);
}

TEST_CASE("invalidate drops the entry, asks the source and stores its answer", "[expander]") {
  Fixture t;
  REQUIRE(t.fetch());
  t.source.name = "Grace";
  auto fetched = t.fetch(Strategy::invalidate);
  REQUIRE(fetched);
  CHECK((*fetched)->name == "Grace");
  CHECK(fetched->origin == Origin::source);
  CHECK(fetched->miss == MissReason::invalidated);
  CHECK(t.backend.inner().removes == 1);
  CHECK((*t.expander.find<User>(1))->name == "Grace");
}

TEST_CASE("invalidate leaves no old entry behind when the source fails or has none", "[expander]") {
  Fixture t;
  REQUIRE(t.fetch());
  SECTION("it has none") {
    t.source.name.reset();
    CHECK_FALSE(t.fetch(Strategy::invalidate)->has_value());
  }
  SECTION("it fails") {
    const auto failing = []() -> User { throw std::runtime_error("down"); };
    CHECK_FALSE(t.expander.fetch<User>(1, failing, {.strategy = Strategy::invalidate}));
  }
  CHECK(t.backend.inner().entries.empty());
}

TEST_CASE("bypass asks the source and touches the cache in no way", "[expander]") {
  Fixture t;
  REQUIRE(t.fetch());
  const int before = t.backend.calls();
  t.source.name = "Grace";
  auto fetched = t.fetch(Strategy::bypass);
  REQUIRE(fetched);
  CHECK((*fetched)->name == "Grace");
  CHECK(fetched->origin == Origin::source);
  CHECK(fetched->miss == MissReason::bypassed);
  CHECK_FALSE(fetched->remaining);
  CHECK(t.backend.calls() == before);
  CHECK((*t.fetch())->name == "Ada");
}

TEST_CASE("an entity that the source does not know is an answer and is not stored", "[expander]") {
  Fixture t;
  t.source.name.reset();
  auto fetched = t.fetch();
  REQUIRE(fetched);
  CHECK_FALSE(*fetched);
  CHECK(fetched->origin == Origin::none);
  CHECK(fetched->miss == MissReason::absent);
  CHECK_FALSE(fetched->remaining);
  CHECK(t.backend.inner().entries.empty());
}

TEST_CASE("an entry past its expiry is a miss, even where the backend still holds it",
          "[expander]") {
  Fixture t;
  REQUIRE(t.fetch({.ttl = Ttl(10s)}));
  t.runtime.advance(9'999ms);
  CHECK(t.fetch()->origin == Origin::cache);
  t.runtime.advance(1ms);
  t.source.name = "Grace";
  auto fetched = t.fetch();
  REQUIRE(fetched);
  CHECK(fetched->miss == MissReason::expired);
  CHECK((*fetched)->name == "Grace");
  CHECK(t.fetch()->origin == Origin::cache);
}

TEST_CASE("an entry from a machine whose clock is ahead has age 0, not a negative one",
          "[expander]") {
  Fixture t;
  REQUIRE(t.fetch());
  t.runtime.step_wall(-1h);
  CHECK(t.fetch()->age == 0ms);
}

TEST_CASE("put stores, invalidate drops", "[expander]") {
  Fixture t;
  REQUIRE(t.expander.put(1, User{"Ada"}, {.ttl = Ttl(1h)}));
  CHECK(t.fetch()->origin == Origin::cache);
  CHECK(t.fetch()->remaining == Ttl(1h));
  CHECK(t.source.asked == 0);
  CHECK(t.expander.invalidate<User>(1) == true);
  CHECK(t.expander.invalidate<User>(1) == false);
  CHECK(t.fetch()->origin == Origin::source);
}

TEST_CASE("strategies, origins and reasons have names", "[expander]") {
  CHECK(to_string(Strategy::bypass) == "bypass");
  CHECK(to_string(Origin::source) == "source");
  CHECK(to_string(MissReason::schema_changed) == "schema_changed");
}
