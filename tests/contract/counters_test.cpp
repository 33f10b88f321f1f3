#include "subject.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

TEST_CASE("increment counts from 0 without expiry", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("n");
  CHECK(must(cache->increment(key)) == 1);
  CHECK(must(cache->increment(key, 41)) == 42);
  CHECK(must(cache->increment(key, 0)) == 42);
  CHECK(must(cache->get(key)) == "42");
  CHECK(must(cache->ttl(key)) == Ttl::none());
}

TEST_CASE("a fresh counter starts at what was added", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  CHECK(must(cache->increment(cache.key("big"), 1'000'000'000'000)) == 1'000'000'000'000);
  CHECK(must(cache->increment(cache.key("zero"), 0)) == 0);
  CHECK(must(cache->exists(cache.key("zero"))));
}

TEST_CASE("increment goes on from a stored number and keeps its TTL", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("n");
  must(cache->set(key, "9", {.ttl = 1h}));
  CHECK(must(cache->increment(key)) == 10);
  CHECK(must(cache->get(key)) == "10");
  const std::optional<Ttl> left = must(cache->ttl(key));
  REQUIRE(left);
  CHECK(left->expires());
}

TEST_CASE("counters go down, and below 0 where the backend says so", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("n");
  must(cache->set(key, "10"));
  CHECK(must(cache->increment(key, -3)) == 7);
  CHECK(std::stoll(must(cache->get(key)).value()) == 7);
  const bool below = cache->capabilities().negative_counters;
  CHECK(must(cache->increment(key, -9)) == (below ? -2 : 0));
  CHECK(must(cache->increment(cache.key("fresh"), -5)) == (below ? -5 : 0));
  CHECK(must(cache->increment(cache.key("fresh"), 6)) == (below ? 1 : 6));
}

// Blocking and asynchronous: both have to say and to leave behind the same.
namespace {

Result<std::int64_t> count_up(const Subject& cache, const std::string& key, std::int64_t by,
                              bool waiting) {
  return waiting ? cache->increment(key, by) : cache->async_increment(key, by).get();
}

}  // namespace

TEST_CASE("incrementing what is no number is rejected and leaves the value alone", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const bool waiting = GENERATE(true, false);
  for (const std::string value :
       {"Ada", "", "1.5", "12apples", "12 apples", "05", "00", "-0", "-05", "+5", " 5", "5\n", "-",
        "0x10", "1e3", "9223372036854775808", "18446744073709551615", "-9223372036854775809",
        "99999999999999999999999"}) {
    INFO("value \"" << value << '"');
    const std::string key = cache.key("n");
    must(cache->set(key, value, {.ttl = 1h}));
    CHECK(code_of(count_up(cache, key, 1, waiting)) == "rejected");
    CHECK(code_of(count_up(cache, key, 5, waiting)) == "rejected");
    CHECK(code_of(count_up(cache, key, 0, waiting)) == "rejected");
    CHECK(code_of(count_up(cache, key, -1, waiting)) == "rejected");
    CHECK(must(cache->get(key)) == value);
    const std::optional<Ttl> left = must(cache->ttl(key));
    REQUIRE(left);
    REQUIRE(left->expires());
    CHECK(left->duration() > 59min);
    CHECK(left->duration() <= 1h);
  }
}

TEST_CASE("the numbers that are counters count everywhere", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const bool waiting = GENERATE(true, false);
  const std::string key = cache.key("n");
  for (const std::int64_t number : {std::int64_t{0}, std::int64_t{7}, std::int64_t{99},
                                    std::numeric_limits<std::int64_t>::max() - 1}) {
    must(cache->set(key, std::to_string(number)));
    CHECK(must(count_up(cache, key, 1, waiting)) == number + 1);
    CHECK(must(cache->get(key)) == std::to_string(number + 1));
  }
}

TEST_CASE("a counter that lost a digit is a counter still", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const bool waiting = GENERATE(true, false);
  const std::string key = cache.key("n");
  must(cache->set(key, "100"));
  CHECK(must(count_up(cache, key, -95, waiting)) == 5);
  CHECK(must(count_up(cache, key, 1, waiting)) == 6);
  CHECK(must(count_up(cache, key, -1, waiting)) == 5);
}

TEST_CASE("a counter that would overflow is rejected and left as it is", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const bool waiting = GENERATE(true, false);
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  const std::string key = cache.key("n");
  must(cache->set(key, std::to_string(most), {.ttl = 1h}));
  CHECK(must(count_up(cache, key, 0, waiting)) == most);
  for (const std::int64_t by : {std::int64_t{1}, most}) {
    const Result<std::int64_t> sum = count_up(cache, key, by, waiting);
    CHECK(code_of(sum) == "rejected");
    CHECK(sum.error().message.ends_with(" is beyond 64 bits"));
    CHECK_FALSE(sum.error().hint.empty());
    CHECK(must(cache->get(key)) == std::to_string(most));
  }
  CHECK(must(cache->ttl(key)).value().expires());
  if (!cache->capabilities().negative_counters) return;
  must(cache->set(key, std::to_string(least)));
  CHECK(must(count_up(cache, key, 0, waiting)) == least);
  for (const std::int64_t by : {std::int64_t{-1}, least}) {
    CHECK(code_of(count_up(cache, key, by, waiting)) == "rejected");
    CHECK(must(cache->get(key)) == std::to_string(least));
  }
}

TEST_CASE("the smallest step a counter can be given does not overflow on the way", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  must(cache->set(cache.key("n"), "5"));
  const bool below = cache->capabilities().negative_counters;
  CHECK(must(cache->increment(cache.key("n"), least)) == (below ? least + 5 : 0));
}

TEST_CASE("increments that are refused side by side leave the value as it is", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("n");
  const std::string most = std::to_string(std::numeric_limits<std::int64_t>::max());
  for (int round = 0; round < 20; ++round) {
    must(cache->set(key, most));
    std::vector<Pending<std::int64_t>> refused;
    for (int i = 0; i < 4; ++i) refused.push_back(cache->async_increment(key));
    for (auto& one : refused) CHECK(code_of(one.get()) == "rejected");
    CHECK(must(cache->get(key)) == most);
  }
}

TEST_CASE("of a batch for one counter each is judged by what those before it left", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("n");
  const auto count = [&](const std::string& start, const std::vector<std::int64_t>& steps) {
    must(cache->set(key, start));
    std::vector<operation::Increment> increments;
    for (const std::int64_t by : steps) increments.push_back({key, by});
    return cache->run_many<operation::Increment>(increments);
  };
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  const auto sums = count(std::to_string(most), {2, -1, 5, -3, 7});
  CHECK(sums[1] == most - 1);
  CHECK(sums[3] == most - 4);
  for (const std::size_t refused : {0U, 2U, 4U}) CHECK(code_of(sums[refused]) == "rejected");
  CHECK(must(cache->get(key)) == std::to_string(most - 4));
  for (const std::string start : {"10000000000000000000", "9999999999999999999",
                                  "18446744073709551614", "05", "-0", " 5", "12 apples"}) {
    INFO(start);
    for (const auto& sum : count(start, {3, -1, 3, 0, -5})) CHECK(code_of(sum) == "rejected");
    CHECK(must(cache->get(key)) == start);
  }
}

TEST_CASE("an increment that is refused leaves a key that is gone gone", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("n");
  must(cache->set(key, std::to_string(std::numeric_limits<std::int64_t>::max())));
  auto refused = cache->async_increment(key);
  auto removed = cache->async_remove(key);
  CHECK(code_of(refused.get()) == "rejected");
  CHECK(must(removed.get()));
  CHECK(must(cache->get(key)) == std::nullopt);
}

TEST_CASE("an increment that is refused leaves a TTL that was given meanwhile", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string value = "9223372036854775807";
  const bool to_none = GENERATE(true, false);
  const std::string key = cache.key("n");
  must(cache->set(key, value, {.ttl = to_none ? Ttl(1h) : Ttl::none()}));
  auto refused = cache->async_increment(key);
  auto touched = cache->async_touch(key, to_none ? Ttl::none() : Ttl(1h));
  CHECK(code_of(refused.get()) == "rejected");
  CHECK(must(touched.get()));
  CHECK(must(cache->get(key)) == value);
  CHECK(must(cache->ttl(key))->expires() == !to_none);
}

TEST_CASE("an increment that is refused leaves a number alone that was stored after it",
          "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("n");
  for (int round = 0; round < 20; ++round) {
    must(cache->set(key, std::to_string(std::numeric_limits<std::int64_t>::max())));
    auto refused = cache->async_increment(key);
    auto stored = cache->async_set(key, "9300000000000000000");
    CHECK(code_of(refused.get()) == "rejected");
    CHECK(must(stored.get()));
    CHECK(must(cache->get(key)) == "9300000000000000000");
  }
}
