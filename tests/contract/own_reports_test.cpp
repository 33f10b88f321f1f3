// What the library's own backends give beyond what the specification asks of every backend. Not
// installed: a backend may leave unsaid what it does not know.

#include "subject.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"

#include <string>

using namespace cachekit;
using namespace cachekit::test;

TEST_CASE("our backends are called what they are, and stand in their tier", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const bool in_process = cache->name() == "memory";
  CHECK(cache->tier() == (in_process ? Tier::in_process : Tier::shared));
  CHECK(cache.candidate().name.find(cache->name()) != std::string::npos);
  CHECK(cache->capabilities().binary_keys);
}

TEST_CASE("our backends tell what each node is", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  for (const NodePing& node : cache->ping().nodes) {
    CHECK_FALSE(node.version.empty());
    CHECK_FALSE(node.role.empty());
  }
}

TEST_CASE("our backends' stats speak one vocabulary", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  must(cache->clear());
  for (int i = 0; i < 30; ++i) must(cache->set(cache.key(std::to_string(i)), "value"));
  CHECK(must(cache->get(cache.key("0"))));
  CHECK_FALSE(must(cache->get(cache.key("absent"))));

  std::uint64_t items = 0, hits = 0, misses = 0;
  for (const NodeStats& node : cache->stats().nodes) {
    REQUIRE(node.items);
    REQUIRE(node.bytes);
    REQUIRE(node.hits);
    REQUIRE(node.misses);
    CHECK(node.hit_ratio().has_value() == (*node.hits + *node.misses > 0));
    items += *node.items;
    hits += *node.hits;
    misses += *node.misses;
  }
  CHECK(items >= 30);
  CHECK(hits >= 1);
  CHECK(misses >= 1);
}
