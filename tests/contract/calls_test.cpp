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
  CHECK(must(make_backend(kind_of_cache)->get(key)) == std::nullopt);
  CHECK(must(make_backend(kind_of_cache)->set(key, "1")));
  CHECK(must(make_backend(kind_of_cache)->get_many(keys).at(0)).has_value() ==
        (kind_of_cache != Kind::memory));
  CHECK(make_backend(kind_of_cache)->ping().ok());
}

TEST_CASE("a backend names itself, its tier and its target", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const bool in_process = kind_of_cache == Kind::memory;
  CHECK(cache->tier() == (in_process ? Tier::in_process : Tier::shared));
  CHECK(to_string(kind_of_cache).find(cache->name()) != std::string::npos);
  CHECK_FALSE(cache->target().empty());
  const Capabilities can = cache->capabilities();
  CHECK(can.ttl_resolution > 0ms);
  CHECK(can.max_key_bytes > 0);
  CHECK(can.max_value_bytes > 0);
}
