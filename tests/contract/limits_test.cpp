#include "subject.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"

#include <string>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;

// Values are compared inside extra parentheses, so that a failure does not print a megabyte.

TEST_CASE("a value of 0.9 MiB comes back as it was stored", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  std::string value(900 * 1024, '\0');
  for (std::size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>(i * 31 % 251);
  must(cache->set(cache.key("big"), value));
  CHECK((must(cache->get(cache.key("big"))) == value));
  CHECK(must(cache->remove(cache.key("big"))));
}

TEST_CASE("a value that is too large leaves no older value that looks current", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("k");
  const std::string huge(cache.oversize(), 'x');
  must(cache->set(key, "old"));
  CHECK(code_of(cache->set(key, huge)) == "too_large");
  CHECK(must(cache->get(key)) == std::nullopt);
  must(cache->set(key, "old"));
  CHECK(code_of(cache->set(key, huge, {.condition = SetCondition::if_present})) == "too_large");
  CHECK(must(cache->get(key)) == std::nullopt);
}

// Memcached itself drops the older entry of any store that it refuses, `if_absent` included.
TEST_CASE("a value that is too large for if_absent leaves the older entry or none", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("k");
  const std::string huge(cache.oversize(), 'x');
  must(cache->set(key, "old"));
  const auto outcome = cache->set(key, huge, {.condition = SetCondition::if_absent});
  CHECK((!outcome || !*outcome));
  const std::optional<std::string> left = must(cache->get(key));
  const bool may_drop = cache.candidate().drops_what_it_refuses;
  CHECK((left == "old" || (may_drop && !left)));
}

TEST_CASE("a value that is too large fails alone in its batch", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string a = cache.key("a"), b = cache.key("b"), c = cache.key("c");
  const std::string huge(cache.oversize(), 'x');
  must(cache->set(b, "old"));
  const std::vector<SetItem> items{
      {.key = a, .value = "1"}, {.key = b, .value = huge}, {.key = c, .value = "3"}};
  const auto outcomes = cache->set_many(items);
  REQUIRE(outcomes.size() == 3);
  CHECK(must(outcomes[0]));
  CHECK(code_of(outcomes[1]) == "too_large");
  CHECK(must(outcomes[2]));
  CHECK(must(cache->get(a)) == "1");
  CHECK(must(cache->get(b)) == std::nullopt);
  CHECK(must(cache->get(c)) == "3");
}

TEST_CASE("the backend works on after a value that was too large", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string huge(cache.oversize(), 'x');
  for (int i = 0; i < 5; ++i) {
    CHECK(code_of(cache->set(cache.key("huge"), huge)) == "too_large");
    must(cache->set(cache.key("k"), std::to_string(i)));
    CHECK(must(cache->get(cache.key("k"))) == std::to_string(i));
  }
}

TEST_CASE("of values under one key in a batch, what comes after one that is too large is kept",
          "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("k");
  const std::string huge(cache.oversize(), 'x');
  const SetItem small{.key = key, .value = "small"};
  const SetItem large{.key = key, .value = huge};
  must(cache->set(key, "old"));
  const auto before = cache->set_many(std::vector{large, small});
  CHECK(code_of(before.at(0)) == "too_large");
  CHECK(must(before.at(1)));
  CHECK(must(cache->get(key)) == "small");
  const auto after = cache->set_many(std::vector{small, large});
  CHECK(must(after.at(0)));
  CHECK(code_of(after.at(1)) == "too_large");
  CHECK(must(cache->get(key)) == std::nullopt);
}
