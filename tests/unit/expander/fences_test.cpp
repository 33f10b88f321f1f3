// What an invalidation is worth when the cache cannot be reached, and against other processes.

#include "expander/pending_invalidations.hpp"
#include "support/catch.hpp"
#include "support/gate.hpp"
#include "unit/expander/entities.hpp"

#include <cachekit/memory.hpp>

#include <future>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

// A cache in which removing fails, and reading does not.
void refuse_removals(Fixture& t, Errc code = Errc::timeout) {
  t.backend.inner().remove_fault = Error{.code = code, .message = "no reply"};
}

// Two expanders over one cache, as two processes are.
struct Fleet {
  InMemoryBackend backend{};
  CacheExpander ours{backend}, theirs{backend};
  Gate loading{};
  Gate answering{};

  [[nodiscard]] std::future<Result<Fetched<User>>> begin_ours() {
    auto future = std::async(std::launch::async, [this] {
      return ours.fetch<User>(1, [this] {
        loading.open();
        static_cast<void>(answering.wait());
        return User{"Ada"};
      });
    });
    REQUIRE(loading.wait());
    return future;
  }
};

}  // namespace

TEST_CASE("an entry whose invalidation did not reach the cache is not used any more",
          "[expander][fence]") {
  Fixture t;
  REQUIRE(t.fetch());
  refuse_removals(t);
  t.source.name = "Grace";
  const auto dropped = t.expander.invalidate<User>(1);
  REQUIRE_FALSE(dropped);
  CHECK(dropped.error().code == Errc::timeout);
  CHECK(dropped.error().hint.find("removed as soon as") != std::string::npos);

  SECTION("nor read by those who ask the cache alone") {
    CHECK(t.expander.find<User>(1).error().code == Errc::timeout);
  }
  SECTION("the source answers, and what it says takes the place of the entry") {
    const auto fetched = t.fetch();
    CHECK((*fetched)->name == "Grace");
    CHECK(fetched->miss == MissReason::cache_error);
    CHECK((*t.expander.find<User>(1))->name == "Grace");
  }
  SECTION("it is removed when the cache can be reached") {
    t.backend.inner().set_fault = Error{.code = Errc::timeout, .message = "no reply"};
    CHECK((*t.fetch())->name == "Grace");
    t.backend.recover();
    CHECK_FALSE(t.expander.find<User>(1)->has_value());
    CHECK(t.backend.inner().entries.empty());
  }
  SECTION("unless something newer is there by then") {
    REQUIRE(t.expander.put(1, User{"Eve"}));
    CHECK((*t.expander.find<User>(1))->name == "Eve");
  }
}

TEST_CASE("what a put was to replace is not used when the put did not reach the cache",
          "[expander][fence]") {
  Fixture t;
  REQUIRE(t.fetch());
  t.backend.inner().set_fault = Error{.code = Errc::outcome_unknown, .message = "no reply"};
  CHECK_FALSE(t.expander.put(1, User{"Grace"}));
  CHECK_FALSE(t.expander.find<User>(1)->has_value());
  CHECK(t.backend.inner().entries.empty());
}

TEST_CASE("no more pending invalidations are kept than may be, and the error says so",
          "[expander][fence]") {
  FaultyBackend backend;
  CacheExpander expander(backend, {.max_pending_invalidations = 1});
  backend.die();
  CHECK(expander.invalidate<User>(1).error().hint.find("as soon as") != std::string::npos);
  CHECK(expander.invalidate<User>(1).error().hint.find("as soon as") != std::string::npos);
  CHECK(expander.invalidate<User>(2).error().hint.find("max_pending") != std::string::npos);
}

TEST_CASE("pending invalidations are repeated though nobody asks for their keys",
          "[expander][fence]") {
  Fixture t;
  REQUIRE(t.expander.fetch<User>(1, t.source.loader()));
  REQUIRE(t.expander.fetch<User>(2, t.source.loader()));
  t.backend.die();
  CHECK_FALSE(t.expander.invalidate<User>(1));
  CHECK_FALSE(t.expander.invalidate<User>(2));
  t.runtime.advance(10s);
  CHECK(t.backend.inner().entries.size() == 2);
  t.backend.recover();
  t.runtime.advance(1s);
  CHECK(t.backend.inner().entries.empty());
  const int removes = t.backend.inner().removes;
  t.runtime.advance(10s);
  CHECK(t.backend.inner().removes == removes);
}

TEST_CASE("pending invalidations are tried in turn", "[expander][fence]") {
  PendingInvalidations pending(3);
  CHECK(pending.next() == std::nullopt);
  CHECK(pending.add("a"));
  CHECK(pending.add("b"));
  CHECK(pending.next() == "a");
  CHECK(pending.next() == "b");
  CHECK(pending.next() == "a");
  pending.forget("a");
  CHECK_FALSE(pending.contains("a"));
  CHECK(pending.next() == "b");
  pending.forget("b");
  CHECK(pending.empty());
}

TEST_CASE("an invalidation by another process beats a load that began before it",
          "[expander][fence][lease]") {
  Fleet t;
  auto loading = t.begin_ours();
  SECTION("by its expander") { REQUIRE(t.theirs.invalidate<User>(1)); }
  SECTION("by a put of its expander") { REQUIRE(t.theirs.put(1, User{"Grace"})); }
  SECTION("by the cache itself") { REQUIRE(t.backend.remove("user:1")); }
  t.answering.open();
  CHECK((*loading.get())->name == "Ada");
  const auto found = t.ours.find<User>(1);
  REQUIRE(found);
  if (found->has_value()) CHECK((*found)->name == "Grace");
  CHECK(t.ours.metrics().snapshot().fenced == 1);
}

TEST_CASE("a bad entry is not replaced once somebody else has replaced it",
          "[expander][fence][lease]") {
  Fleet t;
  REQUIRE(t.backend.set("user:1", "garbage"));
  auto loading = t.begin_ours();
  REQUIRE(t.theirs.put(1, User{"Grace"}));
  t.answering.open();
  CHECK((*loading.get())->name == "Ada");
  CHECK((*t.ours.find<User>(1))->name == "Grace");
  CHECK(t.ours.metrics().snapshot().repairs == 0);
}

TEST_CASE("processes that miss together make one load", "[expander][fleet][lease]") {
  Fleet t;
  auto loading = t.begin_ours();
  int loads = 0;
  auto waiting = std::async(std::launch::async, [&] {
    return t.theirs.fetch<User>(1, [&] {
      ++loads;
      return User{"Grace"};
    });
  });
  // It has found the lease taken: a look-up of each, and two questions for the lease.
  REQUIRE(eventually([&] { return t.backend.metrics().snapshot().misses >= 4; }));
  t.answering.open();
  CHECK((*loading.get())->name == "Ada");
  const auto fetched = waiting.get();
  REQUIRE(fetched);
  CHECK((*fetched)->name == "Ada");
  CHECK(fetched->origin == Origin::cache);
  CHECK(fetched->waited_for == WaitedFor::process);
  CHECK(loads == 0);
}

TEST_CASE("a process that died with the lease blocks nobody for longer than that",
          "[expander][fleet][lease]") {
  Fixture t;
  InMemoryBackend backend;
  CacheExpander expander(backend);
  REQUIRE(backend.run(operation::LeaseGet{.key = "user:1", .lease_ttl = 30ms})->token);
  const auto impatient = expander.fetch<User>(1, t.source.loader(), {.wait_timeout = 0ms});
  REQUIRE_FALSE(impatient);
  CHECK(impatient.error().code == Errc::timeout);
  const auto fetched = expander.fetch<User>(1, t.source.loader());
  REQUIRE(fetched);
  CHECK((*fetched)->name == "Ada");
  CHECK(t.source.asked == 1);
}

TEST_CASE("a load that fails gives the lease back", "[expander][fleet][lease]") {
  Fleet t;
  CHECK_FALSE(t.ours.fetch<User>(1, []() -> User { throw std::runtime_error("down"); }));
  CHECK(t.theirs.fetch<User>(1, [] { return User{"Ada"}; }, {.wait_timeout = 0ms})->has_value());
  CHECK_FALSE(t.ours.fetch<User>(2, []() -> std::optional<User> { return {}; })->has_value());
  CHECK(t.theirs.fetch<User>(2, [] { return User{"Ada"}; }, {.wait_timeout = 0ms})->has_value());
}
