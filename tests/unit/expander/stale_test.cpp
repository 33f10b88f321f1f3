// Entries past their TTL, and what a source that fails or is slow costs.

#include "expander/refresh.hpp"
#include "support/catch.hpp"
#include "support/gate.hpp"
#include "unit/expander/entities.hpp"

#include <cachekit/memory.hpp>
#include <cachekit/virtual_runtime.hpp>

#include <atomic>
#include <memory>
#include <set>
#include <string>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

// An entry of five minutes that has just expired, and may be stale for an hour.
struct Expired : Fixture {
  explicit Expired(FetchPolicy policy = {}) : patient(backend, with_stale(policy)) {
    REQUIRE(ask());
    runtime.advance(5min);
    source.name = "Grace";
  }

  [[nodiscard]] ExpanderOptions with_stale(FetchPolicy policy) {
    policy.jitter = 0;
    policy.stale_for = 1h;
    return {.policy = policy, .runtime = &runtime};
  }
  [[nodiscard]] Result<Fetched<User>> ask(const FetchOptions& options = {}) {
    return patient.fetch<User>(1, source.loader(), options);
  }
  [[nodiscard]] Result<Fetched<User>> ask_in_vain() {
    return patient.fetch<User>(1, [this]() -> User {
      ++source.asked;
      throw std::runtime_error("down");
    });
  }

  CacheExpander patient;
};

// A cache and an expander in virtual time, and a source that takes ten seconds of it.
struct Slow {
  explicit Slow(FetchPolicy policy) : expander(backend, {.policy = policy, .runtime = &runtime}) {}

  [[nodiscard]] Result<Fetched<User>> ask() {
    return expander.fetch<User>(1, [this] {
      ++loads;
      runtime.sleep_for(10s);
      return User{"Grace"};
    });
  }
  void put_expired() {
    REQUIRE(expander.put(1, User{"Ada"}));
    runtime.advance(6min);
  }

  VirtualRuntime runtime{};
  InMemoryBackend backend{{}, runtime};
  int loads = 0;
  CacheExpander expander;
};

}  // namespace

TEST_CASE("an entry stays in the cache for as long as it may be stale", "[expander][stale]") {
  Expired t;
  CHECK(t.backend.inner().entries.at("user:1").ttl == Ttl(65min));
  const auto fetched = t.ask();
  CHECK((*fetched)->name == "Grace");
  CHECK(fetched->origin == Origin::source);
  CHECK(fetched->miss == MissReason::expired);
}

TEST_CASE("a stale entry answers where the source fails, and says so", "[expander][stale]") {
  Expired t;
  const auto fetched = t.ask_in_vain();
  REQUIRE(fetched);
  CHECK((*fetched)->name == "Ada");
  CHECK(fetched->origin == Origin::stale);
  CHECK(fetched->miss == MissReason::expired);
  CHECK(fetched->age == 5min);
  CHECK_FALSE(fetched->remaining);
  CHECK(fetched->load_error->message == "the loader failed: down");
  CHECK(t.patient.metrics().snapshot().stale == 1);

  SECTION("but not for ever") {
    t.runtime.advance(1h);
    CHECK(t.ask_in_vain().error().code == Errc::loader_failed);
  }
  SECTION("nor to those who ask the cache alone") {
    const auto found = t.patient.find<User>(1);
    CHECK_FALSE(found->has_value());
    CHECK(found->miss == MissReason::expired);
  }
}

TEST_CASE("a source that has failed is left alone for a while", "[expander][stale]") {
  Expired t({.throttle = 10s});
  const int before = t.source.asked;
  for (int i = 0; i < 3; ++i) {
    const auto fetched = t.ask_in_vain();
    CHECK(fetched->origin == Origin::stale);
    CHECK(fetched->load_error);
  }
  CHECK(t.source.asked == before + 1);
  t.runtime.advance(10s);
  CHECK((*t.ask())->name == "Grace");
}

TEST_CASE("without a stale value each call asks the source, unless told otherwise",
          "[expander][stale]") {
  const bool throttled = GENERATE(false, true);
  Fixture t;
  CacheExpander expander(t.backend, {.policy = {.throttle = 10s, .throttle_errors = throttled},
                                     .runtime = &t.runtime});
  int calls = 0;
  const auto failing = [&]() -> User {
    ++calls;
    throw std::runtime_error("down");
  };
  for (int i = 0; i < 3; ++i) {
    CHECK(expander.fetch<User>(1, failing).error().message == "the loader failed: down");
  }
  CHECK(calls == (throttled ? 1 : 3));
  t.runtime.advance(10s);
  CHECK(expander.fetch<User>(1, t.source.loader())->has_value());
}

TEST_CASE("a stale entry goes when the source has no such entity any more", "[expander][stale]") {
  Expired t;
  t.source.name.reset();
  CHECK_FALSE(t.ask()->has_value());
  CHECK(t.backend.inner().entries.empty());
}

TEST_CASE("a loader is told the old value and its validator, and may say that it is still right",
          "[expander][stale]") {
  Fixture t;
  CacheExpander expander(t.backend,
                         {.policy = {.jitter = 0, .stale_for = 1h}, .runtime = &t.runtime});
  int bodies = 0;
  const auto conditional = [&](LoadContext& context) -> std::optional<User> {
    if (context.validator() == "v7") {
      CHECK(context.old_value<User>()->name == "Ada");
      return context.not_modified<User>();
    }
    CHECK_FALSE(context.has_old_value());
    ++bodies;
    context.set_validator("v7");
    return User{"Ada"};
  };
  for (int i = 0; i < 3; ++i) {
    const auto fetched = expander.fetch<User>(1, conditional);
    REQUIRE(fetched);
    CHECK((*fetched)->name == "Ada");
    CHECK(fetched->origin == Origin::source);
    CHECK(fetched->age == 0ms);
    CHECK(fetched->remaining == Ttl(5min));
    t.runtime.advance(6min);
  }
  CHECK(bodies == 1);
  const auto unfounded =
      expander.fetch<User>(2, [](LoadContext& context) { return context.not_modified<User>(); });
  CHECK(unfounded.error().code == Errc::loader_failed);
}

TEST_CASE("while one caller refreshes the others get the stale value", "[expander][stale]") {
  Slow t({.jitter = 0, .stale_for = 1h});
  t.put_expired();
  int stale = 0;
  int loaded = 0;
  t.runtime.run([&] {
    for (int i = 0; i < 10; ++i) {
      t.runtime.execute([&] {
        const auto fetched = t.ask();
        stale += (*fetched)->name == "Ada" && fetched->origin == Origin::stale ? 1 : 0;
        loaded += (*fetched)->name == "Grace" && fetched->origin == Origin::source ? 1 : 0;
      });
    }
  });
  CHECK(stale == 9);
  CHECK(loaded == 1);
  CHECK(t.loads == 1);
  CHECK((*t.expander.find<User>(1))->name == "Grace");
}

TEST_CASE("a load past the soft timeout leaves the stale value, and goes on", "[expander][stale]") {
  const auto soft_timeout = GENERATE(0ms, 2'000ms);
  Slow t({.jitter = 0, .stale_for = 1h, .soft_timeout = soft_timeout});
  t.put_expired();
  const auto before = t.runtime.now();
  const auto fetched = t.ask();
  CHECK(t.runtime.now() - before == soft_timeout);
  REQUIRE(fetched);
  CHECK((*fetched)->name == "Ada");
  CHECK(fetched->origin == Origin::stale);
  CHECK(fetched->load_error->code == Errc::timeout);
  CHECK((*t.ask())->name == "Ada");  // Without another load.
  SECTION("it is stored when it ends") {
    t.runtime.advance(10s);
    CHECK((*t.expander.find<User>(1))->name == "Grace");
  }
  SECTION("unless it is fenced") {
    t.runtime.advance(5s);
    REQUIRE(t.expander.invalidate<User>(1));
    t.runtime.advance(5s);
    CHECK(t.expander.metrics().snapshot().fenced == 1);
    CHECK_FALSE(t.expander.find<User>(1)->has_value());
  }
  CHECK(t.loads == 1);
}

TEST_CASE("a load past the hard timeout is an error where there is nothing stale, and goes on",
          "[expander][stale]") {
  Slow t({.hard_timeout = 2s, .load_lease = 1min});
  for (int i = 0; i < 2; ++i) {  // The second one waits for the first one's load.
    const auto before = t.runtime.now();
    const auto fetched = t.ask();
    REQUIRE_FALSE(fetched);
    CHECK(fetched.error().code == Errc::timeout);
    CHECK(t.runtime.now() - before == 2s);
    CHECK((fetched.error().message.find("goes on in the background") != std::string::npos) ==
          (i == 0));
  }
  t.runtime.advance(6s);
  CHECK((*t.expander.find<User>(1))->name == "Grace");
  CHECK(t.loads == 1);
}

TEST_CASE("a load within its timeout is the caller's answer", "[expander][stale]") {
  InMemoryBackend backend;
  CacheExpander expander(backend, {.policy = {.negative_ttl = 1min, .hard_timeout = 60s}});
  const auto fetched = expander.fetch<User>(1, [] { return User{"Ada"}; });
  REQUIRE(fetched);
  CHECK((*fetched)->name == "Ada");
  CHECK(fetched->origin == Origin::source);
  CHECK(fetched->waited_for == WaitedFor::nobody);
  CHECK_FALSE(expander.fetch<User>(2, [] { return std::optional<User>(); })->has_value());
  CHECK(
      expander.fetch<User>(3, []() -> User { throw std::runtime_error("down"); }).error().message ==
      "the loader failed: down");
  CHECK((*expander.fetch<User>(4, [] { return User{"cannot be encoded"}; }))->name ==
        "cannot be encoded");
}

TEST_CASE("the end of an expander tells its background loads to stop, and waits for them",
          "[expander][stale]") {
  InMemoryBackend backend;
  const auto stopped = std::make_shared<std::atomic<bool>>(false);
  {
    CacheExpander expander(backend, {.policy = {.hard_timeout = 1ms}});
    CHECK_FALSE(expander.fetch<User>(1, [stopped](LoadContext& context) -> Result<User> {
      *stopped = eventually([&] { return context.stop_token().stop_requested(); });
      return fail(Errc::cancelled, "told to stop");
    }));
  }
  CHECK(*stopped);
}

TEST_CASE("that there is no such entity is kept for its own time", "[expander][negative]") {
  Fixture t;
  CacheExpander expander(t.backend,
                         {.policy = {.jitter = 0, .negative_ttl = 30s}, .runtime = &t.runtime});
  const auto fetch = [&] { return expander.fetch<User>(1, t.source.loader()); };
  t.source.name.reset();
  const auto first = fetch();
  CHECK_FALSE(first->has_value());
  CHECK(first->miss == MissReason::absent);
  CHECK(first->remaining == Ttl(30s));
  t.source.name = "Ada";
  t.runtime.advance(29s);
  const auto second = fetch();
  REQUIRE(second);
  CHECK_FALSE(second->has_value());
  CHECK(second->origin == Origin::none);
  CHECK(second->miss == MissReason::none);
  CHECK(second->remaining == Ttl(1s));
  CHECK(second->age == 29s);
  CHECK(expander.metrics().snapshot().negative_hits == 1);
  t.runtime.advance(1s);
  CHECK((*fetch())->name == "Ada");
  CHECK(t.source.asked == 2);
}

TEST_CASE("what is put or invalidated is absent no longer", "[expander][negative]") {
  Fixture t;
  CacheExpander expander(t.backend, {.policy = {.negative_ttl = 30s}, .runtime = &t.runtime});
  t.source.name.reset();
  CHECK_FALSE(expander.fetch<User>(1, t.source.loader())->has_value());
  SECTION("put") {
    REQUIRE(expander.put(1, User{"Ada"}));
    CHECK((*expander.find<User>(1))->name == "Ada");
  }
  SECTION("invalidated") {
    CHECK(expander.invalidate<User>(1) == true);
    t.source.name = "Ada";
    CHECK((*expander.fetch<User>(1, t.source.loader()))->name == "Ada");
  }
}

TEST_CASE("TTLs are shorter by up to the jitter, and never longer", "[expander][jitter]") {
  CHECK(jittered(Ttl(100s), 0.05, 1.0) == Ttl(95s));
  CHECK(jittered(Ttl(100s), 0.05, 0.5) == Ttl(97'500ms));
  CHECK(jittered(Ttl(100s), 0, 1.0) == Ttl(100s));
  CHECK(jittered(Ttl(1ms), 1.0, 1.0) == Ttl(1ms));
  CHECK(jittered(Ttl::none(), 0.5, 1.0) == Ttl::none());
  Fixture t;
  CacheExpander expander(t.backend, {.runtime = &t.runtime});  // The default: 5 %.
  std::set<std::chrono::milliseconds> seen;
  for (int i = 0; i < 50; ++i) {
    REQUIRE(expander.fetch<User>(i, t.source.loader()));
    const Ttl ttl = t.backend.inner().entries.at("user:" + std::to_string(i)).ttl;
    CHECK(ttl.duration() <= 5min);
    CHECK(ttl.duration() >= 285s);
    seen.insert(ttl.duration());
  }
  CHECK(seen.size() > 10);
}

TEST_CASE("what is kept past its TTL is kept within the longest TTL there is", "[expander]") {
  CHECK(kept_for(Ttl(5min), 1h) == Ttl(65min));
  CHECK(kept_for(Ttl(5min), 0ms) == Ttl(5min));
  CHECK(kept_for(Ttl(Ttl::max), 1h) == Ttl(Ttl::max));
  CHECK(kept_for(Ttl(1h), std::chrono::milliseconds::max()) == Ttl(Ttl::max));
  CHECK(kept_for(Ttl::none(), 1h) == Ttl::none());
}

TEST_CASE("the dearer a load and the nearer the end, the likelier it is refreshed ahead",
          "[expander][refresh]") {
  // The draw of 1/e is where the gap is just one load.
  const double draw = 0.36787944117144233;
  CHECK(is_due(999ms, 1s, 1.0, draw));
  CHECK_FALSE(is_due(1'001ms, 1s, 1.0, draw));
  CHECK(is_due(1'999ms, 1s, 2.0, draw));
  CHECK_FALSE(is_due(1ms, 1s, 0, draw));
  CHECK_FALSE(is_due(1ms, 0s, 1.0, draw));
  CHECK_FALSE(is_due(1ms, 1s, 1.0, 1.0));
  Draws draws(1);
  for (int i = 0; i < 1'000; ++i) {
    const double one = draws.next();
    CHECK((one > 0 && one <= 1));
  }
}

TEST_CASE("one of those who find an entry due refreshes it", "[expander][refresh]") {
  Fixture t;
  CacheExpander expander(t.backend,
                         {.policy = {.jitter = 0, .refresh_ahead = 1e9}, .runtime = &t.runtime});
  const auto load = [&] {
    ++t.source.asked;
    t.runtime.advance(1s);
    return User{std::to_string(t.source.asked)};
  };
  REQUIRE(expander.fetch<User>(1, load));
  const auto fetched = expander.fetch<User>(1, load);
  REQUIRE(fetched);
  CHECK((*fetched)->name == "2");
  CHECK(fetched->origin == Origin::source);
  CHECK(fetched->miss == MissReason::due);
  CHECK(fetched->remaining == Ttl(5min));
  const auto failing = []() -> User { throw std::runtime_error("down"); };
  const auto kept = expander.fetch<User>(1, failing);
  REQUIRE(kept);
  CHECK((*kept)->name == "2");
  CHECK(kept->origin == Origin::cache);
  CHECK(kept->load_error);
  CHECK(t.source.asked == 2);
}

TEST_CASE("a loader that cannot go on in the background keeps nobody from loading",
          "[expander][stale]") {
  Slow t({.jitter = 0, .hard_timeout = 1min});
  const auto start = t.runtime.now();
  auto fixed = [owned = std::make_unique<int>(1)] { return User{std::to_string(*owned)}; };
  t.runtime.run([&] {
    const auto refused = t.expander.fetch<User>(1, fixed);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::invalid_argument);
    CHECK(refused.error().message == "the loader of user:1 can be neither moved nor copied");
    CHECK(t.expander.fetch<User>(1, std::move(fixed)));
  });
  CHECK(t.runtime.now() == start);
}
