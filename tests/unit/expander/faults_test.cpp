// What holds when the cache is down, slow, or refuses.

#include "support/catch.hpp"
#include "unit/expander/entities.hpp"

using namespace cachekit;
using namespace std::chrono_literals;

TEST_CASE("the source answers when the cache is down, whatever the strategy", "[expander]") {
  for (const Strategy strategy : {Strategy::refresh, Strategy::invalidate, Strategy::bypass}) {
    for (const Errc code : {Errc::unavailable, Errc::timeout, Errc::overloaded, Errc::rejected,
                            Errc::protocol, Errc::outcome_unknown}) {
      Fixture t;
      t.backend.die(code);
      INFO(to_string(strategy) << ", " << to_string(code));
      auto fetched = t.fetch(strategy);
      REQUIRE(fetched);
      CHECK((*fetched)->name == "Ada");
      CHECK(fetched->origin == Origin::source);
      CHECK_FALSE(fetched->remaining);
      CHECK(fetched->cache_error.has_value() == (strategy != Strategy::bypass));
      if (fetched->cache_error) CHECK(fetched->cache_error->code == code);
    }
  }
}

TEST_CASE("a failed look-up is told apart from a miss in the answer and in the counts",
          "[expander]") {
  Fixture t;
  t.backend.die();
  for (int i = 0; i < 10; ++i) CHECK(t.fetch()->miss == MissReason::cache_error);
  const auto now = t.expander.metrics().snapshot();
  CHECK(now.misses == 0);
  CHECK(now.hits == 0);
  CHECK(now.errors == 20);  // Each fetch could neither read nor store.
  CHECK(now.loads == 10);
}

TEST_CASE("fresh has no source to ask, so it reports the cache's error", "[expander]") {
  Fixture t;
  t.backend.die(Errc::timeout);
  const auto fetched = t.fetch(Strategy::fresh);
  REQUIRE_FALSE(fetched);
  CHECK(fetched.error().code == Errc::timeout);
  CHECK(fetched.error().endpoint == "faulty:1");
  CHECK(t.source.asked == 0);
}

TEST_CASE("a value that could not be stored is returned all the same", "[expander]") {
  Fixture t;
  t.backend.inner().set_fault = Error{.code = Errc::too_large, .message = "over the limit"};
  auto fetched = t.fetch();
  REQUIRE(fetched);
  CHECK((*fetched)->name == "Ada");
  CHECK(fetched->miss == MissReason::absent);
  CHECK(fetched->cache_error->code == Errc::too_large);
  CHECK_FALSE(fetched->remaining);
  CHECK(t.expander.metrics().snapshot().errors == 1);
  CHECK(t.expander.metrics().snapshot().sets == 0);
}

TEST_CASE("a key that the backend cannot hold costs the cache, not the answer", "[expander]") {
  Fixture t;
  auto fetched = t.expander.fetch<User>(std::string(300, 'x'), t.source.loader());
  REQUIRE(fetched);
  CHECK(fetched->has_value());
  CHECK(fetched->cache_error->code == Errc::invalid_argument);
}

TEST_CASE("the cache comes back into use by itself", "[expander]") {
  Fixture t;
  t.backend.die();
  REQUIRE(t.fetch());
  t.backend.recover();
  CHECK(t.fetch()->miss == MissReason::absent);
  CHECK(t.fetch()->origin == Origin::cache);
}

TEST_CASE("a cache that hangs takes its budget once, not once to read and once to store",
          "[expander]") {
  Fixture t;
  t.backend.die(Errc::timeout);
  t.backend.inner().during_call = [&](Deadline) { t.runtime.advance(100ms); };
  for (const Strategy strategy : {Strategy::refresh, Strategy::invalidate}) {
    const auto before = t.runtime.now();
    auto fetched = t.fetch(strategy);
    REQUIRE(fetched);
    CHECK(fetched->has_value());
    CHECK(fetched->cache_error->code == Errc::timeout);
    CHECK(t.runtime.now() - before == 100ms);
  }
  CHECK(t.backend.inner().sets == 0);
}

TEST_CASE("storing gets what looking up left of the budget", "[expander]") {
  Fixture t;
  std::vector<std::chrono::milliseconds> budgets;
  t.backend.inner().during_call = [&](Deadline deadline) {
    budgets.push_back(deadline.remaining());
    t.runtime.advance(60ms);
  };
  auto fetched = t.fetch();
  REQUIRE(fetched);
  CHECK_FALSE(fetched->cache_error);
  REQUIRE(budgets.size() == 2);
  CHECK(budgets[0] <= 100ms);
  CHECK(budgets[1] <= 40ms);
}

TEST_CASE("time that the loader takes is not taken from the cache's budget", "[expander]") {
  Fixture t;
  const auto slow = [&] {
    t.runtime.advance(10s);
    return User{"Ada"};
  };
  CHECK_FALSE(t.expander.fetch<User>(1, slow)->cache_error);
  CHECK(t.expander.find<User>(1)->has_value());
}

TEST_CASE("put and invalidate do report what the cache says", "[expander]") {
  Fixture t;
  t.backend.die();
  CHECK(t.expander.put(1, User{"Ada"}).error().code == Errc::unavailable);
  CHECK(t.expander.invalidate<User>(1).error().code == Errc::unavailable);
  CHECK(t.expander.metrics().snapshot().errors == 2);
}

TEST_CASE("a call that is wrong in itself is refused before anyone is asked", "[expander]") {
  Fixture t;
  CHECK(t.expander.fetch<User>("", t.source.loader()).error().code == Errc::invalid_argument);
  CHECK(t.fetch({.ttl = Ttl(0s)}).error().code == Errc::invalid_argument);
  CHECK(t.expander.put("", User{}).error().code == Errc::invalid_argument);
  CHECK(t.expander.put(1, User{}, {.ttl = Ttl(-1s)}).error().code == Errc::invalid_argument);
  CHECK(t.expander.invalidate<User>("").error().code == Errc::invalid_argument);

  CacheExpander no_time(t.backend, {.cache_timeout = 0ms});
  CHECK(no_time.fetch<User>(1, t.source.loader()).error().code == Errc::invalid_argument);
  CHECK(t.source.asked == 0);
  CHECK(t.backend.calls() == 0);
}
