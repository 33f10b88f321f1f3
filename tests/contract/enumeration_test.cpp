#include "subject.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"

#include <chrono>
#include <set>
#include <string>

using namespace cachekit;
using namespace cachekit::test;

namespace {

std::set<std::string> matching(const Subject& cache, const std::string& pattern,
                               std::size_t page_size = 500) {
  std::set<std::string> keys;
  must(cache->scan({.pattern = pattern, .page_size = page_size}, [&](std::string_view key) {
    keys.emplace(key);
    return true;
  }));
  return keys;
}

}  // namespace

TEST_CASE("scan lists the keys that match, or is unsupported as the capabilities said",
          "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!cache->capabilities().scan) {
    CHECK(code_of(cache->scan({}, [](std::string_view) { return true; })) == "unsupported");
    return;
  }
  for (const char* name : {"user:1", "user:2", "user:10", "order:1", "u*er"}) {
    must(cache->set(cache.key(name), "v"));
  }
  CHECK(matching(cache, cache.key("user:*")) ==
        std::set{cache.key("user:1"), cache.key("user:2"), cache.key("user:10")});
  CHECK(matching(cache, cache.key("user:?")) == std::set{cache.key("user:1"), cache.key("user:2")});
  CHECK(matching(cache, cache.key("user:[2-9]")) == std::set{cache.key("user:2")});
  CHECK(matching(cache, cache.key("user:[^2]")) == std::set{cache.key("user:1")});
  CHECK(matching(cache, cache.key("u\\*er")) == std::set{cache.key("u*er")});
  CHECK(matching(cache, cache.key("none*")).empty());
}

TEST_CASE("scan sees each key of many however small its pages", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!cache->capabilities().scan) return;
  std::set<std::string> keys;
  for (int i = 0; i < 1'000; ++i) keys.insert(cache.key(std::to_string(i)));
  for (const std::string& key : keys) must(cache->set(key, "v"));
  CHECK((matching(cache, cache.key("*"), 7) == keys));
  CHECK((matching(cache, cache.key("*"), 100'000) == keys));
}

TEST_CASE("scan stops when its visitor has seen enough, and the visitor may use the cache",
          "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!cache->capabilities().scan) return;
  for (int i = 0; i < 100; ++i) must(cache->set(cache.key(std::to_string(i)), "v"));
  int seen = 0;
  must(cache->scan({.pattern = cache.key("*"), .page_size = 10}, [&](std::string_view key) {
    CHECK(must(cache->remove(key)));
    return ++seen < 3;
  }));
  CHECK(seen == 3);
  CHECK(matching(cache, cache.key("*")).size() == 97);
}

TEST_CASE("remove_matching removes what matches and nothing else, or says unsupported",
          "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  must(cache->set(cache.key("keep"), "v"));
  if (!cache->capabilities().remove_matching) {
    CHECK(code_of(cache->remove_matching(cache.key("*"))) == "unsupported");
    CHECK(must(cache->get(cache.key("keep"))) == "v");
    return;
  }
  for (int i = 0; i < 50; ++i) must(cache->set(cache.key("go:" + std::to_string(i)), "v"));
  CHECK(must(cache->remove_matching(cache.key("go:*"), {.dry_run = true})) == 50);
  CHECK(matching(cache, cache.key("*")).size() == 51);
  CHECK(must(cache->remove_matching(cache.key("go:*"), {.page_size = 8})) == 50);
  CHECK(matching(cache, cache.key("*")) == std::set{cache.key("keep")});
}

TEST_CASE("remove_matching is never faster than it may be, from the first key on", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!cache->capabilities().remove_matching) return;
  for (int i = 0; i < 20; ++i) must(cache->set(cache.key(std::to_string(i)), "v"));
  const auto begun = std::chrono::steady_clock::now();
  CHECK(must(cache->remove_matching(cache.key("*"), {.keys_per_second = 100})) == 20);
  CHECK(std::chrono::steady_clock::now() - begun >= std::chrono::milliseconds(200));
}

TEST_CASE("clear removes everything, and what is stored right after it stays", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  for (int i = 0; i < 20; ++i) must(cache->set(cache.key(std::to_string(i)), "v"));
  must(cache->clear());
  for (int i = 0; i < 20; ++i) CHECK_FALSE(must(cache->exists(cache.key(std::to_string(i)))));
  must(cache->set(cache.key("after"), "v"));
  CHECK(must(cache->get(cache.key("after"))) == "v");
}
