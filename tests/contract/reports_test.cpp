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
  REQUIRE(report.nodes.size() == cache.candidate().nodes);
  for (const NodePing& node : report.nodes) CHECK_FALSE(node.endpoint.empty());
}

TEST_CASE("stats report every node, and leave empty what they do not know", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  must(cache->set(cache.key("k"), "value"));
  CHECK(must(cache->get(cache.key("k"))));

  const StatsReport report = cache->stats();
  REQUIRE(report.nodes.size() == cache.candidate().nodes);
  for (const NodeStats& node : report.nodes) {
    CHECK_FALSE(node.error);
    CHECK_FALSE(node.endpoint.empty());
    CHECK(node.hit_ratio().value_or(0.0) >= 0.0);
    CHECK(node.hit_ratio().value_or(1.0) <= 1.0);
    if (node.max_bytes) CHECK(*node.max_bytes > 0);
  }
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
  CHECK(seen.removes == 1);
  CHECK(seen.loads == 0);
  CHECK(cache->metrics().hit_rate() == Approx(4.0 / 6.0));
  CHECK(cache->metrics().latency().count() > 0);
}
