// What a hit through the expander allocates: the value, and nothing else.

#include "support/allocations.hpp"
#include "support/catch.hpp"

#include <cachekit/expander.hpp>
#include <cachekit/memory.hpp>

#include <string>

using namespace cachekit;
using namespace cachekit::test;

TEST_CASE("a hit through the expander allocates its value, and nothing else",
          "[allocations][expander]") {
  InMemoryBackend backend;
  CacheExpander expander(backend);
  const std::string key = "page:with a key that does not fit into a string object";
  const std::string value(100, 'x');
  const auto loader = [&] { return value; };
  REQUIRE(expander.get_or_load(key, loader));
  REQUIRE(expander.get_or_load(key, loader));
  bool second = true;
  Result<Fetched<std::string>> hit;
  {
    const FailingAllocation failing(Scope::thread, 2);
    hit = expander.get_or_load(key, loader);
    second = failing.happened();
  }
  CHECK_FALSE(second);
  REQUIRE(hit);
  CHECK(**hit == value);
  CHECK(hit->origin == Origin::cache);
}
