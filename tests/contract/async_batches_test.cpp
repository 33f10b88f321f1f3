// Batches that nobody waits for: an outcome for each, as from the blocking ones.

#include "subject.hpp"
#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

// Keys of a subject, and items under them.
struct Many {
  Many(const Subject& cache, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
      names.push_back(cache.key(std::to_string(i)));
      values.push_back("value " + std::to_string(i));
    }
    keys.assign(names.begin(), names.end());
    for (std::size_t i = 0; i < size; ++i) {
      items.push_back(
          {.key = names[i], .value = values[i], .ttl = i % 2 == 0 ? Ttl(1h) : Ttl::none()});
    }
  }
  std::vector<std::string> names{};
  std::vector<std::string> values{};
  std::vector<std::string_view> keys{};
  std::vector<SetItem> items{};
};

}  // namespace

TEST_CASE("what follows an asynchronous batch on its thread comes after all of it",
          "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  Many many(cache, 1'000);
  const std::string key = cache.key("last");
  many.items.push_back({.key = key, .value = "old"});
  for (int round = 0; round < 5; ++round) {
    auto batch = cache->async_set_many(many.items, {.timeout = 20s});
    must(round % 2 == 0 ? cache->async_set(key, "new", {.timeout = 20s}).get()
                        : cache->set(key, "new", {.timeout = 20s}));
    for (const auto& stored : must(std::move(batch).get())) must(stored);
    CHECK(must(cache->get(key)) == "new");
  }
}

TEST_CASE("of one key in an asynchronous batch the last value stays", "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("again");
  const std::string large(200'000, 'v');
  std::vector<SetItem> items(1'000, {.key = key, .value = "new"});
  items[500].value = large;
  for (const auto& stored : must(cache->async_set_many(items, {.timeout = 20s}).get())) {
    must(stored);
  }
  CHECK(must(cache->get(key)) == "new");
}

TEST_CASE("an asynchronous batch has an outcome for each, in order", "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const Many many(cache, 3'000);
  for (const auto& stored : must(cache->async_set_many(many.items, {.timeout = 20s}).get())) {
    CHECK(must(stored));
  }
  const auto found = must(cache->async_get_many(many.keys, {.timeout = 20s}).get());
  REQUIRE(found.size() == many.keys.size());
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < found.size(); ++i)
    wrong += must(found[i]) == many.values[i] ? 0U : 1U;
  CHECK(wrong == 0);
  CHECK(must(cache->async_ttl(many.keys[0]).get())->expires());
  CHECK(must(cache->async_ttl(many.keys[1]).get()) == Ttl::none());
  for (const auto& removed : must(cache->async_remove_many(many.keys, {.timeout = 20s}).get())) {
    CHECK(must(removed));
  }
  for (const auto& gone : must(cache->async_get_many(many.keys, {.timeout = 20s}).get())) {
    CHECK(must(gone) == std::nullopt);
  }
}

TEST_CASE("an asynchronous batch copies what it was given, and may be empty", "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  CHECK(must(cache->async_get_many({}).get()).empty());
  Pending<std::vector<Result<bool>>> storing;
  {
    const Many many(cache, 700);
    storing = cache->async_set_many(many.items, {.timeout = 20s});
  }
  for (const auto& stored : must(storing.get())) CHECK(must(stored));
  CHECK(must(cache->get(cache.key("699"))) == "value 699");
}

TEST_CASE("in an asynchronous batch one that is refused stops no other", "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("k");
  must(cache->set(key, "v"));
  const std::vector<std::string_view> keys{key, "", key};
  const auto found = must(cache->async_get_many(keys).get());
  REQUIRE(found.size() == 3);
  CHECK(must(found[0]) == "v");
  CHECK(code_of(found[1]) == "invalid_argument");
  CHECK(must(found[2]) == "v");
  for (const auto& outcome : must(cache->async_get_many(keys, {.timeout = 0ms}).get())) {
    CHECK(code_of(outcome) == "invalid_argument");
  }
}

TEST_CASE("any operation runs once, in batches and without waiting", "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string a = cache.key("a"), b = cache.key("b"), c = cache.key("c");
  const std::vector<operation::Increment> increments{{a, 2}, {b, 3}, {a, 5}};
  const auto sums = cache->run_many<operation::Increment>(increments);
  CHECK(must(sums.at(0)) == 2);
  CHECK(must(sums.at(1)) == 3);
  CHECK(must(sums.at(2)) == 7);
  const std::vector<operation::Touch> touches{{a, Ttl(1h)}, {b, Ttl::none()}, {c, Ttl(1h)}};
  const auto touched = must(cache->start_many<operation::Touch>(touches).get());
  CHECK(must(touched.at(0)));
  CHECK(must(touched.at(1)));
  CHECK_FALSE(must(touched.at(2)));
  const std::vector<operation::Exists> exists{{a}, {c}};
  CHECK(must(cache->run_many<operation::Exists>(exists).at(0)));
  CHECK_FALSE(must(cache->run_many<operation::Exists>(exists).at(1)));
  const std::vector<operation::RemainingTtl> ttls{{a}, {b}, {c}};
  const auto left = must(cache->start_many<operation::RemainingTtl>(ttls).get());
  CHECK(must(left.at(0))->expires());
  CHECK(must(left.at(1)) == Ttl::none());
  CHECK(must(left.at(2)) == std::nullopt);
}

TEST_CASE("pages of keys can be asked for without waiting", "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string pattern = cache.key("*");
  if (!cache->capabilities().scan) {
    CHECK(code_of(cache->start(operation::ScanPage{pattern}).get()) == "unsupported");
    return;
  }
  const Many many(cache, 300);
  for (const auto& stored : cache->set_many(many.items)) CHECK(must(stored));
  std::set<std::string> seen;
  std::string cursor;
  do {
    KeyPage page = must(cache->start(operation::ScanPage{pattern, 50, cursor}).get());
    seen.insert(page.keys.begin(), page.keys.end());
    cursor = page.next;
  } while (!cursor.empty());
  CHECK(seen == std::set<std::string>(many.names.begin(), many.names.end()));
  CHECK(code_of(cache->run(operation::ScanPage{pattern, 0})) == "invalid_argument");
}

TEST_CASE("an asynchronous batch is withdrawn as a whole, each of it settled once",
          "[contract][async]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const Many many(cache, 2'000);
  std::stop_source stop;
  auto storing = cache->async_set_many(many.items, {.timeout = 20s, .stop = stop.get_token()});
  stop.request_stop();
  const auto outcomes = must(storing.get());
  REQUIRE(outcomes.size() == many.items.size());
  for (const auto& outcome : outcomes) {
    const std::string code = outcome ? "stored" : code_of(outcome);
    CHECK((code == "stored" || code == "cancelled" || code == "outcome_unknown"));
  }
}

TEST_CASE("a backend that is destroyed settles its batches", "[contract][async]") {
  CACHEKIT_FOR_EACH_CANDIDATE(candidate);
  const Many many(Subject(candidate), 2'000);
  std::unique_ptr<CacheBackend> cache = candidate.make();
  Gate told;
  std::size_t outcomes = 0;
  cache->async_get_many(many.keys, {.timeout = 20s}).then([&](const auto& result) {
    outcomes = result ? result->size() : 0;
    told.open();
  });
  cache.reset();
  REQUIRE(told.wait());
  CHECK(outcomes == many.keys.size());
}
