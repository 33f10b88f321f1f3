#include "fixture.hpp"

#include <map>
#include <set>
#include <string>

using namespace cachekit;
using namespace std::chrono_literals;

namespace {

std::set<std::string> scan_all(InMemoryBackend& cache, const ScanOptions& options) {
  std::set<std::string> keys;
  REQUIRE(cache.scan(options, [&](std::string_view key) {
    keys.emplace(key);
    return true;
  }));
  return keys;
}

}  // namespace

TEST_CASE("scan lists every live key that matches, whatever the page size", "[memory][scan]") {
  CheckedCache t;
  std::set<std::string> users;
  for (int i = 0; i < 1000; ++i) {
    users.insert("user:" + std::to_string(i));
    t.set("user:" + std::to_string(i), "v");
    t.set("order:" + std::to_string(i), "v");
    t.set("user:gone" + std::to_string(i), "v", 1ms);
  }
  t.runtime.advance(1ms);
  for (const std::size_t page_size : {std::size_t{1}, std::size_t{7}, SIZE_MAX}) {
    CHECK(scan_all(t.cache, {.pattern = "user:*", .page_size = page_size}) == users);
  }
  CHECK(scan_all(t.cache, {.pattern = "user:1?"}).size() == 10);
  CHECK(scan_all(t.cache, {}).size() == 2000);
}

TEST_CASE("scan refuses pages of nothing", "[memory][scan]") {
  CheckedCache t;
  const auto refused = t.cache.scan({.page_size = 0}, [](std::string_view) { return true; });
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::invalid_argument);
}

TEST_CASE("scan stops when the visitor has seen enough", "[memory][scan]") {
  CheckedCache t;
  for (int i = 0; i < 100; ++i) t.set("k" + std::to_string(i), "v");
  int seen = 0;
  REQUIRE(t.cache.scan({}, [&](std::string_view) { return ++seen < 3; }));
  CHECK(seen == 3);
}

TEST_CASE("scan sees every key that stays while its visitor changes the cache", "[memory][scan]") {
  CheckedCache t({.shards = 2});
  for (int i = 0; i < 1000; ++i) t.set("stays:" + std::to_string(i), "v");
  for (int i = 0; i < 1000; ++i) t.set("goes:" + std::to_string(i), "v");
  std::map<std::string, int> seen;
  int next = 0;
  REQUIRE(t.cache.scan({.page_size = 10}, [&](std::string_view key) {
    ++seen[std::string(key)];
    t.get(key);
    const std::string number = std::to_string(next++ % 1000);
    t.set("stays:" + number, "replaced");
    static_cast<void>(t.cache.remove("goes:" + number));
    t.set("new:" + std::to_string(next), "v");
    return true;
  }));
  int missed = 0;
  for (int i = 0; i < 1000; ++i) missed += seen.count("stays:" + std::to_string(i)) == 0 ? 1 : 0;
  CHECK(missed == 0);
}

TEST_CASE("remove_matching removes what matches and nothing else", "[memory][scan]") {
  CheckedCache t;
  for (int i = 0; i < 300; ++i) {
    t.set("a:" + std::to_string(i), "v");
    t.set("b:" + std::to_string(i), "v");
  }
  CHECK(t.cache.remove_matching("a:*", {.dry_run = true}).value() == 300);
  CHECK(t.stats().items == 600U);
  CHECK(t.cache.remove_matching("a:*", {.page_size = 13}).value() == 300);
  CHECK(t.stats().items == 300U);
  CHECK(t.get("b:7") == "v");
}
