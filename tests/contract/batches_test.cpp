#include "subject.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"

#include <string>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

std::vector<std::string_view> views(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

}  // namespace

TEST_CASE("get_many answers each key in its place: hits, misses, duplicates, refused keys",
          "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  must(cache->set(cache.key("a"), "1"));
  must(cache->set(cache.key("b"), ""));
  const std::vector<std::string> keys{cache.key("a"), "", cache.key("absent"), cache.key("b"),
                                      cache.key("a"), "", cache.key("a")};
  const auto outcomes = cache->get_many(views(keys));
  REQUIRE(outcomes.size() == keys.size());
  CHECK(must(outcomes[0]) == "1");
  CHECK(code_of(outcomes[1]) == "invalid_argument");
  CHECK(must(outcomes[2]) == std::nullopt);
  CHECK(must(outcomes[3]) == "");
  CHECK(must(outcomes[4]) == "1");
  CHECK(code_of(outcomes[5]) == "invalid_argument");
  CHECK(must(outcomes[6]) == "1");
}

TEST_CASE("set_many stores each item by itself; a refused one stops no other", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string a = cache.key("a"), b = cache.key("b"), c = cache.key("c");
  const std::vector<SetItem> items{
      {.key = a, .value = "1"},
      {.key = "", .value = "x"},
      {.key = b, .value = "2", .ttl = 1h},
      {.key = c, .value = "x", .ttl = 0s},
      {.key = a, .value = "3"},
  };
  const auto outcomes = cache->set_many(items);
  REQUIRE(outcomes.size() == items.size());
  CHECK(must(outcomes[0]));
  CHECK(code_of(outcomes[1]) == "invalid_argument");
  CHECK(must(outcomes[2]));
  CHECK(code_of(outcomes[3]) == "invalid_argument");
  CHECK(must(outcomes[4]));
  CHECK(must(cache->get(a)) == "3");
  CHECK(must(cache->get(b)) == "2");
  CHECK(must(cache->ttl(b))->expires());
  CHECK(must(cache->get(c)) == std::nullopt);
}

TEST_CASE("set_many keeps to its condition item by item", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string there = cache.key("there"), absent = cache.key("absent");
  must(cache->set(there, "old"));
  const std::vector<SetItem> items{{.key = there, .value = "new"}, {.key = absent, .value = "new"}};

  auto outcomes = cache->set_many(items, {.condition = SetCondition::if_present});
  REQUIRE(outcomes.size() == 2);
  CHECK(must(outcomes[0]));
  CHECK_FALSE(must(outcomes[1]));
  outcomes = cache->set_many(items, {.condition = SetCondition::if_absent});
  CHECK_FALSE(must(outcomes[0]));
  CHECK(must(outcomes[1]));
}

TEST_CASE("remove_many tells for each key whether it was there", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  must(cache->set(cache.key("a"), "1"));
  must(cache->set(cache.key("b"), "2"));
  const std::vector<std::string> keys{cache.key("a"), cache.key("absent"), "", cache.key("b"),
                                      cache.key("a")};
  const auto outcomes = cache->remove_many(views(keys));
  REQUIRE(outcomes.size() == keys.size());
  CHECK(must(outcomes[0]) != must(outcomes[4]));  // The same key: there once.
  CHECK_FALSE(must(outcomes[1]));
  CHECK(code_of(outcomes[2]) == "invalid_argument");
  CHECK(must(outcomes[3]));
  CHECK_FALSE(must(cache->exists(cache.key("a"))));
}

TEST_CASE("an empty batch is no call at all", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  CHECK(cache->get_many({}).empty());
  CHECK(cache->set_many({}).empty());
  CHECK(cache->remove_many({}).empty());
}

TEST_CASE("a batch of refused keys has an outcome for each", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::vector<std::string_view> keys(3);
  const auto outcomes = cache->get_many(keys);
  REQUIRE(outcomes.size() == 3);
  for (const auto& outcome : outcomes) CHECK(code_of(outcome) == "invalid_argument");
}

TEST_CASE("batches of 10,000 keys keep every value with its key", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  constexpr std::size_t count = 10'000;
  std::vector<std::string> keys, values;
  for (std::size_t i = 0; i < count; ++i) {
    keys.push_back(cache.key(std::to_string(i)));
    values.push_back("value of " + keys.back());
  }
  std::vector<SetItem> items;
  for (std::size_t i = 0; i < count; i += 2) items.push_back({.key = keys[i], .value = values[i]});

  std::size_t stored = 0;
  for (const auto& outcome : cache->set_many(items)) stored += must(outcome) ? 1U : 0U;
  CHECK(stored == count / 2);

  const auto found = cache->get_many(views(keys));
  REQUIRE(found.size() == count);
  std::size_t right = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::optional<std::string> value = must(found[i]);
    right += (i % 2 == 0 ? value == values[i] : value == std::nullopt) ? 1U : 0U;
  }
  CHECK(right == count);

  std::size_t removed = 0;
  for (const auto& outcome : cache->remove_many(views(keys))) removed += must(outcome) ? 1U : 0U;
  CHECK(removed == count / 2);
}

TEST_CASE("a batch of values that fill the sockets' buffers both ways arrives whole",
          "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  constexpr std::size_t count = 32;
  std::vector<std::string> keys, values;
  std::vector<SetItem> items;
  for (std::size_t i = 0; i < count; ++i) {
    keys.push_back(cache.key(std::to_string(i)));
    values.emplace_back(500'000, static_cast<char>('a' + i % 26));
  }
  for (std::size_t i = 0; i < count; ++i) items.push_back({.key = keys[i], .value = values[i]});
  for (const auto& outcome : cache->set_many(items)) CHECK(must(outcome));
  const auto found = cache->get_many(views(keys));
  for (std::size_t i = 0; i < count; ++i) CHECK((must(found[i]) == values[i]));
  for (const auto& outcome : cache->remove_many(views(keys))) CHECK(must(outcome));
}
