#include "integration/expander/rigs.hpp"

#include <thread>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

TEMPLATE_TEST_CASE("the four strategies do the same over every backend", "[expander]", MemoryRig,
                   RedisRig, MemcachedRig) {
  Subject<TestType> t;
  const auto miss = t.fetch({.strategy = Strategy::fresh});
  REQUIRE(miss);
  CHECK_FALSE(miss->has_value());
  CHECK(miss->miss == MissReason::absent);

  const auto loaded = t.fetch({.ttl = Ttl(1h)});
  REQUIRE(loaded);
  CHECK(loaded->origin == Origin::source);
  CHECK_FALSE(loaded->cache_error);

  t.text = "second";
  const auto hit = t.fetch();
  REQUIRE(hit);
  CHECK((*hit)->text == "first");
  CHECK(hit->origin == Origin::cache);
  REQUIRE(hit->remaining);
  CHECK(hit->remaining->duration() <= 1h);

  const auto bypassed = t.fetch({.strategy = Strategy::bypass});
  REQUIRE(bypassed);
  CHECK((*bypassed)->text == "second");
  CHECK((*t.expander.template find<Article>(1))->text == "first");

  const auto renewed = t.fetch({.strategy = Strategy::invalidate});
  REQUIRE(renewed);
  CHECK((*renewed)->text == "second");
  CHECK((*t.expander.template find<Article>(1))->text == "second");
  CHECK(t.asked == 3);

  CHECK(t.expander.template invalidate<Article>(1) == true);
  CHECK_FALSE(t.expander.template find<Article>(1)->has_value());
  const auto now = t.expander.metrics().snapshot();
  CHECK(now.hits == 3);
  CHECK(now.misses == 3);
  CHECK(now.loads == 3);
  CHECK(now.errors == 0);
}

TEMPLATE_TEST_CASE("the backend holds an entry under prefix:id, with the TTL asked for",
                   "[expander]", MemoryRig, RedisRig, MemcachedRig) {
  Subject<TestType> t;
  REQUIRE(t.fetch({.ttl = Ttl(1h)}));
  const auto bytes = t.backend.get("article:1");
  REQUIRE(bytes);
  REQUIRE(*bytes);
  CHECK(decode_envelope(**bytes)->payload == "first");
  const auto left = t.backend.ttl("article:1");
  REQUIRE(left);
  REQUIRE(*left);
  CHECK((*left)->expires());
  CHECK((*left)->duration() <= 1h);
  CHECK((*left)->duration() > 50min);

  REQUIRE(t.fetch({.strategy = Strategy::invalidate, .ttl = Ttl::none()}));
  CHECK(**t.backend.ttl("article:1") == Ttl::none());
}

TEMPLATE_TEST_CASE("an entry that another program damaged is replaced", "[expander]", MemoryRig,
                   RedisRig, MemcachedRig) {
  Subject<TestType> t;
  REQUIRE(t.backend.set("article:1", "not an envelope"));
  const auto fetched = t.fetch();
  REQUIRE(fetched);
  CHECK((*fetched)->text == "first");
  CHECK(fetched->miss == MissReason::undecodable);
  CHECK(t.fetch()->origin == Origin::cache);
  CHECK(t.expander.metrics().snapshot().repairs == 1);
}

TEST_CASE("a Redis key of another type costs the cache, not the answer", "[expander]") {
  Subject<RedisRig> t;
  REQUIRE(t.backend.command({"RPUSH", "article:1", "a list"}));
  const auto fetched = t.fetch();
  REQUIRE(fetched);
  CHECK((*fetched)->text == "first");
  CHECK(fetched->miss == MissReason::cache_error);
  CHECK(fetched->cache_error->code == Errc::rejected);
  CHECK(t.fetch()->origin == Origin::cache);
}

TEMPLATE_TEST_CASE("an expander serves many threads at once", "[expander]", MemoryRig, RedisRig,
                   MemcachedRig) {
  Subject<TestType> t;
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 250; ++i) {
        const int id = (i + thread) % 20;
        const auto load = [&] { return Article{std::to_string(id)}; };
        const auto fetched = t.expander.template fetch<Article>(id, load);
        if (!fetched || !*fetched || (*fetched)->text != std::to_string(id)) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  const auto now = t.expander.metrics().snapshot();
  CHECK(now.hits + now.misses == 1000);
  CHECK(now.errors == 0);
  CHECK(now.loads == 20);
}
