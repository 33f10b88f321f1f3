#include "subject.hpp"
#include "support/catch.hpp"
#include "support/crew.hpp"
#include "support/results.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;
using operation::CompareAndSet;

// Of backends that have it. Values are compared inside extra parentheses, so that a failure does
// not print a megabyte.
namespace {

bool compares(const Subject& cache) { return cache->capabilities().compare_and_set; }

// Waited for, in a batch behind one that finds nothing, or not waited for.
enum class Way { waiting, batch, async };

Way any_way() { return GENERATE(Way::waiting, Way::batch, Way::async); }

Result<bool> exchange(const Subject& cache, const CompareAndSet& one, Way way) {
  if (way == Way::waiting) return cache->run(one);
  if (way == Way::async) return cache->start(one).get();
  const std::string other = cache.key("absent");
  const std::array batch{CompareAndSet{.key = other, .expected = {}, .value = {}}, one};
  auto outcomes = cache->run_many<CompareAndSet>(batch);
  REQUIRE(outcomes.size() == 2);
  CHECK_FALSE(must(outcomes[0]));
  return outcomes[1];
}

}  // namespace

TEST_CASE("a backend that cannot compare says so", "[contract][compare]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("k");
  const CompareAndSet one{.key = key, .expected = "a", .value = "b"};
  CHECK((code_of(cache->run(one)) == "unsupported") == !compares(cache));
}

TEST_CASE("a value is exchanged where it is the expected one", "[contract][compare]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!compares(cache)) return;
  const Way way = any_way();
  const std::string key = cache.key("k");
  CHECK_FALSE(must(exchange(cache, {.key = key, .expected = "a", .value = "b"}, way)));
  CHECK_FALSE(must(exchange(cache, {.key = key, .expected = "", .value = "b"}, way)));
  CHECK(must(cache->get(key)) == std::nullopt);
  must(cache->set(key, "a"));
  CHECK_FALSE(must(exchange(cache, {.key = key, .expected = "b", .value = "c"}, way)));
  CHECK_FALSE(must(exchange(cache, {.key = key, .expected = "aa", .value = "c"}, way)));
  CHECK_FALSE(must(exchange(cache, {.key = key, .expected = "", .value = "c"}, way)));
  CHECK(must(cache->get(key)) == "a");
  CHECK(must(exchange(cache, {.key = key, .expected = "a", .value = "b"}, way)));
  CHECK(must(cache->get(key)) == "b");
  CHECK(must(exchange(cache, {.key = key, .expected = "b", .value = "b"}, way)));
  CHECK(must(cache->get(key)) == "b");
  must(cache->remove(key));
  CHECK_FALSE(must(exchange(cache, {.key = key, .expected = "b", .value = "c"}, way)));
  CHECK(must(cache->get(key)) == std::nullopt);
}

TEST_CASE("values are compared and exchanged as bytes, the empty one too", "[contract][compare]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!compares(cache)) return;
  const Way way = any_way();
  const std::string key = cache.key("k");
  std::string all(256, '\0');
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<char>(i);
  const std::string zeros("\0\0\r\n\0", 5), fewer("\0\0\r\n", 4);
  must(cache->set(key, ""));
  CHECK(must(exchange(cache, {.key = key, .expected = "", .value = all}, way)));
  CHECK((must(cache->get(key)) == all));
  CHECK(must(exchange(cache, {.key = key, .expected = all, .value = zeros}, way)));
  CHECK_FALSE(must(exchange(cache, {.key = key, .expected = fewer, .value = "x"}, way)));
  CHECK(must(cache->get(key)) == zeros);
  CHECK(must(exchange(cache, {.key = key, .expected = zeros, .value = ""}, way)));
  CHECK(must(cache->get(key)) == "");
  // What looks like numbers is compared as it is spelt.
  must(cache->set(key, "1"));
  CHECK_FALSE(must(exchange(cache, {.key = key, .expected = "1.0", .value = "2"}, way)));
  CHECK_FALSE(must(exchange(cache, {.key = key, .expected = "01", .value = "2"}, way)));
}

TEST_CASE("an exchanged value has the TTL that it was given", "[contract][compare]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!compares(cache)) return;
  const Way way = any_way();
  const std::string key = cache.key("k");
  must(cache->set(key, "a"));
  CHECK(must(exchange(cache, {.key = key, .expected = "a", .value = "b", .ttl = 1h}, way)));
  const auto left = must(cache->ttl(key));
  REQUIRE(left);
  REQUIRE(left->expires());
  CHECK(left->duration() > 59min);
  CHECK(left->duration() <= 1h);
  CHECK_FALSE(must(exchange(cache, {.key = key, .expected = "a", .value = "c"}, way)));
  CHECK(must(cache->ttl(key))->expires());
  CHECK(must(exchange(cache, {.key = key, .expected = "b", .value = "c"}, way)));
  CHECK(must(cache->ttl(key)) == Ttl::none());
}

TEST_CASE("an entry that has expired is not what is expected", "[contract][compare]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!compares(cache)) return;
  const Way way = any_way();
  const std::string key = cache.key("k"), stays = cache.key("stays");
  must(cache->set(stays, "a"));
  CHECK(must(exchange(cache, {.key = stays, .expected = "a", .value = "b", .ttl = 1s}, way)));
  must(cache->set(key, "a", {.ttl = 1s}));
  std::this_thread::sleep_for(2'100ms);
  CHECK_FALSE(must(exchange(cache, {.key = key, .expected = "a", .value = "b"}, way)));
  CHECK(must(cache->get(key)) == std::nullopt);
  CHECK(must(cache->get(stays)) == std::nullopt);
}

TEST_CASE("keys, TTLs and discards are checked before values are compared", "[contract][compare]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!compares(cache)) return;
  const Way way = any_way();
  const std::string key = cache.key("k");
  must(cache->set(key, "a"));
  CHECK(code_of(exchange(cache, {.key = "", .expected = "a", .value = "b"}, way)) ==
        "invalid_argument");
  CHECK(code_of(exchange(cache, {.key = key, .expected = "a", .value = "b", .ttl = 0s}, way)) ==
        "invalid_argument");
  const CompareAndSet discards{.key = key, .expected = "a", .value = {}, .discard = true};
  CHECK(code_of(exchange(cache, discards, way)) == "invalid_argument");
  CHECK(must(cache->get(key)) == "a");
}

TEST_CASE("an exchange counts as a set where it stored something", "[contract][compare]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!compares(cache)) return;
  const bool waiting = GENERATE(true, false);
  const Way way = waiting ? Way::waiting : Way::async;
  const std::string key = cache.key("k");
  must(cache->set(key, "a"));
  const MetricsSnapshot before = cache->metrics().snapshot();
  must(exchange(cache, {.key = key, .expected = "a", .value = "b"}, way));
  must(exchange(cache, {.key = key, .expected = "a", .value = "c"}, way));
  CHECK_FALSE(exchange(cache, {.key = "", .expected = "a", .value = "c"}, way));
  const MetricsSnapshot after = cache->metrics().snapshot();
  CHECK(after.sets == before.sets + 1);
  CHECK(after.hits == before.hits);
  CHECK(after.misses == before.misses);
  CHECK(after.errors == before.errors + 1);
}

TEST_CASE("a value that is too large takes the one with it that it was to replace, and no other",
          "[contract][compare]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!compares(cache)) return;
  const Way way = any_way();
  const std::string key = cache.key("k");
  const std::string huge(cache.oversize(), 'x');
  must(cache->set(key, "old"));
  CHECK(code_of(exchange(cache, {.key = key, .expected = "old", .value = huge}, way)) ==
        "too_large");
  CHECK(must(cache->get(key)) == std::nullopt);
  must(cache->set(key, "another"));
  // As operation.hpp allows: whether the value is looked at or the entry comes first is the
  // backend's.
  const auto refused = exchange(cache, {.key = key, .expected = "old", .value = huge}, way);
  CHECK((refused ? !*refused : refused.error().code == Errc::too_large));
  CHECK(must(cache->get(key)) == "another");
  const auto absent =
      exchange(cache, {.key = cache.key("none"), .expected = "old", .value = huge}, way);
  CHECK((absent ? !*absent : absent.error().code == Errc::too_large));
}

TEST_CASE("values of 0.9 MiB are compared and exchanged", "[contract][compare]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!compares(cache)) return;
  const Way way = any_way();
  const std::string key = cache.key("k");
  const std::string first(900 * 1024, 'a');
  std::string second = first;
  second.back() = 'b';
  must(cache->set(key, first));
  CHECK_FALSE(must(exchange(cache, {.key = key, .expected = second, .value = "c"}, way)));
  CHECK(must(exchange(cache, {.key = key, .expected = first, .value = second}, way)));
  CHECK((must(cache->get(key)) == second));
}

TEST_CASE("exchanges of one key in a batch follow one another", "[contract][compare]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!compares(cache)) return;
  const std::string a = cache.key("a"), b = cache.key("b");
  must(cache->set(a, "0"));
  must(cache->set(b, "0"));
  const std::vector<CompareAndSet> batch{
      {.key = a, .expected = "0", .value = "1"}, {.key = b, .expected = "1", .value = "2"},
      {.key = a, .expected = "1", .value = "2"}, {.key = "", .expected = "0", .value = "1"},
      {.key = b, .expected = "0", .value = "1"}, {.key = a, .expected = "1", .value = "3"},
      {.key = b, .expected = "1", .value = "2"}, {.key = a, .expected = "2", .value = "4"}};
  const auto outcomes = cache->run_many<CompareAndSet>(batch);
  REQUIRE(outcomes.size() == batch.size());
  CHECK(must(outcomes[0]));
  CHECK_FALSE(must(outcomes[1]));
  CHECK(must(outcomes[2]));
  CHECK(code_of(outcomes[3]) == "invalid_argument");
  CHECK(must(outcomes[4]));
  CHECK_FALSE(must(outcomes[5]));
  CHECK(must(outcomes[6]));
  CHECK(must(outcomes[7]));
  CHECK(must(cache->get(a)) == "4");
  CHECK(must(cache->get(b)) == "2");
}

TEST_CASE("a large batch of exchanges has an outcome for each", "[contract][compare]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!compares(cache)) return;
  const bool waiting = GENERATE(true, false);
  constexpr std::size_t count = 500;
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < count; ++i) keys.push_back(cache.key(std::to_string(i)));
  const std::string value(4'000, 'v'), next(4'000, 'n');
  std::vector<SetItem> items;
  std::vector<CompareAndSet> batch;
  for (std::size_t i = 0; i < count; ++i) {
    if (i % 3 != 0) items.push_back({.key = keys[i], .value = value});
    batch.push_back({.key = keys[i], .expected = value, .value = next});
  }
  for (const auto& stored : cache->set_many(items)) CHECK(must(stored));
  const auto outcomes = waiting ? cache->run_many<CompareAndSet>(batch)
                                : must(cache->start_many<CompareAndSet>(batch).get());
  REQUIRE(outcomes.size() == count);
  for (std::size_t i = 0; i < count; ++i) CHECK(must(outcomes[i]) == (i % 3 != 0));
  CHECK((must(cache->get(keys[1])) == next));
}

TEST_CASE("of exchanges that run side by side one wins", "[contract][compare]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!compares(cache)) return;
  const std::string key = cache.key("k");
  for (int round = 0; round < 20; ++round) {
    must(cache->set(key, "before"));
    std::vector<Pending<bool>> pending;
    for (int i = 0; i < 8; ++i) {
      pending.push_back(
          cache->start(CompareAndSet{.key = key, .expected = "before", .value = "after"}));
    }
    int winners = 0;
    for (auto& one : pending) winners += must(one.get()) ? 1 : 0;
    CHECK(winners == 1);
    CHECK(must(cache->get(key)) == "after");
  }
}

TEST_CASE("a counter that many threads compare and set loses nothing", "[contract][compare]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!compares(cache)) return;
  constexpr unsigned threads = 6;
  constexpr int each = 100;
  const std::string key = cache.key("n");
  must(cache->set(key, "0"));
  std::atomic<int> errors{0};
  in_parallel(threads, [&](unsigned thread) {
    for (int done = 0; done < each && errors == 0;) {
      const auto now = cache->get(key);
      if (!now || !*now) {
        ++errors;
        return;
      }
      const std::string next = std::to_string(std::stoi(**now) + 1);
      const CompareAndSet one{.key = key, .expected = **now, .value = next};
      const auto stored = thread % 2 == 0 ? cache->run(one) : cache->start(one).get();
      if (!stored) ++errors;
      if (stored && *stored) ++done;
    }
  });
  CHECK(errors == 0);
  CHECK(must(cache->get(key)) == std::to_string(threads * each));
}
