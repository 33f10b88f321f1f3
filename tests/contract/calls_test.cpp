#include "subject.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"

#include <chrono>
#include <string>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

TEST_CASE("a timeout of zero or less is refused on every path", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("k");
  must(cache->set(key, "v"));
  for (const auto bad : {0ms, -1ms}) {
    const CallOptions options{.timeout = bad};
    const std::vector<std::string_view> keys{key};
    const std::vector<SetItem> items{{.key = key, .value = "new"}};
    CHECK(code_of(cache->get(key, options)) == "invalid_argument");
    CHECK(code_of(cache->set(key, "new", {.timeout = bad})) == "invalid_argument");
    CHECK(code_of(cache->remove(key, options)) == "invalid_argument");
    CHECK(code_of(cache->exists(key, options)) == "invalid_argument");
    CHECK(code_of(cache->ttl(key, options)) == "invalid_argument");
    CHECK(code_of(cache->touch(key, 1h, options)) == "invalid_argument");
    CHECK(code_of(cache->increment(key, 1, options)) == "invalid_argument");
    CHECK(code_of(cache->get_many(keys, options).at(0)) == "invalid_argument");
    CHECK(code_of(cache->set_many(items, {.timeout = bad}).at(0)) == "invalid_argument");
    CHECK(code_of(cache->remove_many(keys, options).at(0)) == "invalid_argument");
    CHECK(code_of(cache->clear(options)) == "invalid_argument");
    CHECK_FALSE(cache->ping(options).ok());
    CHECK(cache->stats(options).nodes.at(0).error);
  }
  CHECK(must(cache->get(key)) == "v");
}

TEST_CASE("no limit can be spelled", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  must(cache->set(cache.key("k"), "v", {.timeout = forever}));
  CHECK(must(cache->get(cache.key("k"), {.timeout = forever})) == "v");
  CHECK(cache->ping({.timeout = forever}).ok());
}

TEST_CASE("connect and flush succeed, also more than once", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  must(cache->connect());
  must(cache->connect());
  must(cache->set(cache.key("k"), "v"));
  must(cache->flush());
  CHECK(must(cache->get(cache.key("k"))) == "v");
}

TEST_CASE("every call connects by itself", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("k");
  const std::vector<std::string_view> keys{key};
  CHECK(must(cache.candidate().make()->get(key)) == std::nullopt);
  CHECK(must(cache.candidate().make()->set(key, "1")));
  CHECK(must(cache.candidate().make()->get_many(keys).at(0)).has_value() ==
        cache.candidate().shares_data);
  CHECK(cache.candidate().make()->ping().ok());
}

TEST_CASE("a backend names itself, its target and its bounds", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  CHECK_FALSE(cache->name().empty());
  CHECK_FALSE(cache->target().empty());
  const Capabilities can = cache->capabilities();
  CHECK(can.ttl_resolution > 0ms);
  CHECK(can.max_key_bytes > 0);
  CHECK(can.max_value_bytes > 0);
}
