#include "subject.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"

#include <string>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;

TEST_CASE("ping reports every node", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const PingReport report = cache->ping();
  CHECK(report.ok());
  REQUIRE(report.nodes.size() == cache.nodes());
  for (const NodePing& node : report.nodes) {
    CHECK_FALSE(node.endpoint.empty());
    CHECK_FALSE(node.version.empty());
    CHECK_FALSE(node.role.empty());
  }
}

TEST_CASE("stats speak one vocabulary, and leave empty what they do not know", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  must(cache->clear());
  for (int i = 0; i < 30; ++i) must(cache->set(cache.key(std::to_string(i)), "value"));
  CHECK(must(cache->get(cache.key("0"))));
  CHECK_FALSE(must(cache->get(cache.key("absent"))));

  const StatsReport report = cache->stats();
  REQUIRE(report.nodes.size() == cache.nodes());
  std::uint64_t items = 0, hits = 0, misses = 0;
  for (const NodeStats& node : report.nodes) {
    CHECK_FALSE(node.error);
    CHECK_FALSE(node.endpoint.empty());
    REQUIRE(node.items);
    REQUIRE(node.bytes);
    REQUIRE(node.hits);
    REQUIRE(node.misses);
    CHECK(node.hit_ratio().has_value() == (*node.hits + *node.misses > 0));
    CHECK(node.hit_ratio().value_or(0.0) >= 0.0);
    CHECK(node.hit_ratio().value_or(1.0) <= 1.0);
    if (node.max_bytes) CHECK(*node.max_bytes > 0);
    items += *node.items;
    hits += *node.hits;
    misses += *node.misses;
  }
  CHECK(items >= 30);
  CHECK(hits >= 1);
  CHECK(misses >= 1);
}

TEST_CASE("hits and misses add up to the look-ups that were answered, errors are counted apart",
          "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  CHECK(cache->metrics().hit_rate() == 0.0);
  must(cache->set(cache.key("a"), "1"));
  must(cache->set(cache.key("b"), "2"));
  CHECK_FALSE(must(cache->set(cache.key("a"), "x", {.condition = SetCondition::if_absent})));
  CHECK(must(cache->get(cache.key("a"))));
  CHECK_FALSE(must(cache->get(cache.key("absent"))));
  CHECK(must(cache->exists(cache.key("b"))));
  const std::string a = cache.key("a"), absent = cache.key("absent");
  const std::vector<std::string_view> keys{a, absent, "", a};
  CHECK(cache->get_many(keys).size() == 4);
  CHECK(must(cache->remove(a)));
  CHECK_FALSE(must(cache->remove(a)));
  CHECK_FALSE(cache->get(""));

  const MetricsSnapshot seen = cache->metrics().snapshot();
  CHECK(seen.hits == 4);
  CHECK(seen.misses == 2);
  CHECK(seen.errors == 2);
  CHECK(seen.sets == 2);
  CHECK(seen.deletes == 1);
  CHECK(seen.loads == 0);
  CHECK(cache->metrics().hit_rate() == Approx(4.0 / 6.0));
  CHECK(cache->metrics().latency().count() > 0);
}
