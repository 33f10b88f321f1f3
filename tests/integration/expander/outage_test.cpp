// A real server dies, hangs or comes back while requests go on.

#include "integration/expander/rigs.hpp"
#include "support/gate.hpp"

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

TEMPLATE_TEST_CASE("requests go on when the server is killed, and use it when it is back",
                   "[expander]", RedisRig, MemcachedRig) {
  Subject<TestType> t;
  REQUIRE(t.fetch());
  CHECK(t.fetch()->origin == Origin::cache);

  t.server.kill();
  for (int i = 0; i < 20; ++i) {
    const auto fetched = t.fetch();
    REQUIRE(fetched);
    CHECK((*fetched)->text == "first");
    CHECK(fetched->origin == Origin::source);
    CHECK(fetched->miss == MissReason::cache_error);
    REQUIRE(fetched->cache_error);
    CHECK(fetched->cache_error->endpoint == t.server.endpoint());
  }
  CHECK(t.fetch({.strategy = Strategy::invalidate})->has_value());
  CHECK(t.fetch({.strategy = Strategy::bypass})->has_value());
  const auto dead = t.fetch({.strategy = Strategy::fresh});
  REQUIRE_FALSE(dead);
  CHECK(dead.error().code == Errc::unavailable);

  t.server.restart();
  // The first request that can reach it may do so with its look-up or only with its store.
  CHECK(eventually([&] { return t.fetch()->origin == Origin::cache; }));
}

TEMPLATE_TEST_CASE("a failed look-up is never counted as a miss while a server is down",
                   "[expander]", RedisRig, MemcachedRig) {
  Subject<TestType> t;
  REQUIRE(t.fetch());
  t.server.kill();
  const auto before = t.expander.metrics().snapshot();
  for (int i = 0; i < 10; ++i) REQUIRE(t.fetch());
  const auto after = t.expander.metrics().snapshot();
  CHECK(after.misses == before.misses);
  CHECK(after.hits == before.hits);
  CHECK(after.errors >= before.errors + 10);
  CHECK(after.loads == before.loads + 10);
}

TEMPLATE_TEST_CASE("requests go on when the server hangs", "[expander]", RedisRig, MemcachedRig) {
  Subject<TestType> t;
  REQUIRE(t.fetch());
  t.server.stop();
  CacheExpander impatient(t.backend, {.cache_timeout = 50ms});
  for (const Strategy strategy : {Strategy::refresh, Strategy::invalidate}) {
    const auto fetched = t.fetch(impatient, {.strategy = strategy});
    REQUIRE(fetched);
    CHECK((*fetched)->text == "first");
    REQUIRE(fetched->cache_error);
    CHECK((fetched->cache_error->code == Errc::timeout ||
           fetched->cache_error->code == Errc::outcome_unknown));
  }
  t.server.resume();
  CHECK_FALSE(t.fetch()->cache_error);
}
