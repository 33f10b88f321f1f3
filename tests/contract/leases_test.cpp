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
using operation::LeaseDrop;
using operation::LeaseGet;
using operation::LeaseSet;

// Of backends that have leases.
namespace {

bool leases(const Subject& cache) { return cache->capabilities().leases; }

Leased ask(const Subject& cache, std::string_view key, Ttl lease = 60s) {
  return must(cache->run(LeaseGet{.key = key, .lease_ttl = lease}));
}

// The token of a lease that nobody had.
LeaseToken take(const Subject& cache, std::string_view key, Ttl lease = 60s) {
  const Leased leased = ask(cache, key, lease);
  REQUIRE_FALSE(leased.value);
  REQUIRE(leased.token);
  return *leased.token;
}

bool store(const Subject& cache, std::string_view key, LeaseToken token, std::string_view value) {
  return must(cache->run(LeaseSet{.key = key, .token = token, .value = value}));
}

}  // namespace

TEST_CASE("a backend without leases says so", "[contract][lease]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const bool able = leases(cache);
  const std::string key = cache.key("k");
  const LeaseDrop drop{.key = key};
  const LeaseSet set{.key = key, .value = "v"};
  CHECK((code_of(cache->run(LeaseGet{.key = key})) == "unsupported") == !able);
  CHECK((code_of(cache->run(set)) == "unsupported") == !able);
  CHECK((code_of(cache->run(drop)) == "unsupported") == !able);
  CHECK((code_of(cache->start(LeaseGet{.key = key}).get()) == "unsupported") == !able);
  CHECK((code_of(cache->start(set).get()) == "unsupported") == !able);
  CHECK((code_of(cache->start(drop).get()) == "unsupported") == !able);
}

TEST_CASE("of those who miss one loads, and the others are told until when", "[contract][lease]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!leases(cache)) return;
  const std::string key = cache.key("k");
  const Leased mine = ask(cache, key);
  CHECK_FALSE(mine.value);
  REQUIRE(mine.token);
  CHECK(mine.ends_in > 50s);
  CHECK(mine.ends_in <= 60s);
  const Leased theirs = ask(cache, key, 1h);
  CHECK_FALSE(theirs.value);
  CHECK_FALSE(theirs.token);
  CHECK(theirs.ends_in > 50s);
  CHECK(theirs.ends_in <= 60s);
  CHECK(store(cache, key, *mine.token, "loaded"));
  CHECK(ask(cache, key).value == "loaded");
  CHECK(must(cache->get(key)) == "loaded");
  CHECK_FALSE(store(cache, key, *mine.token, "once more"));
  CHECK(must(cache->get(key)) == "loaded");
}

TEST_CASE("a lease is no entry", "[contract][lease]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!leases(cache)) return;
  const std::string key = cache.key("k");
  const LeaseToken token = take(cache, key);
  CHECK(must(cache->get(key)) == std::nullopt);
  CHECK_FALSE(must(cache->exists(key)));
  CHECK(must(cache->ttl(key)) == std::nullopt);
  CHECK_FALSE(must(cache->touch(key, 1h)));
  CHECK_FALSE(must(cache->set(key, "v", {.condition = SetCondition::if_present})));
  if (cache->capabilities().scan) {
    std::vector<std::string> seen;
    must(cache->scan({.pattern = cache.prefix() + "*"}, [&](std::string_view one) {
      seen.emplace_back(one);
      return true;
    }));
    CHECK(seen.empty());
  }
  CHECK(store(cache, key, token, "loaded"));
}

TEST_CASE("what changes a key makes the token of its lease void", "[contract][lease]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!leases(cache)) return;
  const std::string key = cache.key("k");
  SECTION("a removal, though it finds nothing") {
    const LeaseToken token = take(cache, key);
    CHECK_FALSE(must(cache->remove(key)));
    CHECK_FALSE(store(cache, key, token, "stale"));
    CHECK(must(cache->get(key)) == std::nullopt);
  }
  SECTION("a removal, though the next one loads already") {
    const LeaseToken old = take(cache, key);
    must(cache->remove(key));
    const LeaseToken token = take(cache, key);
    CHECK(token != old);
    CHECK_FALSE(store(cache, key, old, "stale"));
    CHECK_FALSE(must(cache->run(LeaseDrop{.key = key, .token = old})));
    CHECK(store(cache, key, token, "fresh"));
    CHECK(must(cache->get(key)) == "fresh");
  }
  SECTION("a set") {
    const LeaseToken token = take(cache, key);
    must(cache->set(key, "newer"));
    CHECK_FALSE(store(cache, key, token, "stale"));
    CHECK(must(cache->get(key)) == "newer");
  }
  SECTION("a set and a removal") {
    const LeaseToken token = take(cache, key);
    must(cache->set(key, "newer"));
    must(cache->remove(key));
    CHECK_FALSE(store(cache, key, token, "stale"));
    CHECK(must(cache->get(key)) == std::nullopt);
  }
  SECTION("a set if absent") {
    const LeaseToken token = take(cache, key);
    CHECK(must(cache->set(key, "newer", {.condition = SetCondition::if_absent})));
    CHECK_FALSE(store(cache, key, token, "stale"));
  }
  SECTION("a batch of sets or removals") {
    const LeaseToken token = take(cache, key), other = take(cache, cache.key("other"));
    const std::string other_key = cache.key("other");
    must(cache->set_many(std::vector<SetItem>{{key, "newer"}, {key, "newest"}}).at(0));
    must(cache->remove_many(std::vector<std::string_view>{other_key, key}).at(0));
    CHECK_FALSE(store(cache, key, token, "stale"));
    CHECK_FALSE(store(cache, other_key, other, "stale"));
  }
  SECTION("a counter") {
    const LeaseToken token = take(cache, key);
    CHECK(must(cache->increment(key)) == 1);
    CHECK_FALSE(store(cache, key, token, "stale"));
    CHECK(must(cache->get(key)) == "1");
  }
  SECTION("a value that was too large") {
    const LeaseToken token = take(cache, key);
    const std::string huge(cache.oversize(), 'x');
    CHECK(code_of(cache->set(key, huge)) == "too_large");
    CHECK_FALSE(store(cache, key, token, "stale"));
  }
  SECTION("to clear all") {
    const LeaseToken token = take(cache, key);
    must(cache->clear());
    CHECK_FALSE(store(cache, key, token, "stale"));
    CHECK(must(cache->get(key)) == std::nullopt);
  }
}

TEST_CASE("what changes nothing leaves a lease alone", "[contract][lease]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!leases(cache)) return;
  const std::string key = cache.key("k");
  const LeaseToken token = take(cache, key);
  CHECK_FALSE(must(cache->set(key, "v", {.condition = SetCondition::if_present})));
  CHECK_FALSE(must(cache->touch(key, 1h)));
  if (cache->capabilities().compare_and_set) {
    const operation::CompareAndSet finds_none{.key = key, .expected = "", .value = "v"};
    CHECK_FALSE(must(cache->run(finds_none)));
  }
  CHECK_FALSE(store(cache, key, LeaseToken{}, "foreign"));
  CHECK_FALSE(must(cache->run(LeaseDrop{.key = key, .token = LeaseToken{}})));
  must(cache->set(cache.key("another"), "v"));
  CHECK(store(cache, key, token, "loaded"));
}

TEST_CASE("a lease that is given back is the next one's", "[contract][lease]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!leases(cache)) return;
  const std::string key = cache.key("k");
  const LeaseToken first = take(cache, key);
  CHECK(must(cache->run(LeaseDrop{.key = key, .token = first})));
  CHECK_FALSE(must(cache->run(LeaseDrop{.key = key, .token = first})));
  const LeaseToken second = take(cache, key);
  CHECK(second != first);
  CHECK_FALSE(store(cache, key, first, "late"));
  CHECK(store(cache, key, second, "loaded"));
  CHECK_FALSE(must(cache->run(LeaseDrop{.key = key, .token = second})));
  CHECK(must(cache->get(key)) == "loaded");
}

TEST_CASE("a lease that is not given back ends", "[contract][lease]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!leases(cache)) return;
  const std::string key = cache.key("k"), other = cache.key("other");
  const LeaseToken late = take(cache, key, 1s), lost = take(cache, other, 1s);
  std::this_thread::sleep_for(2'100ms);
  CHECK_FALSE(store(cache, key, late, "late"));
  CHECK(must(cache->get(key)) == std::nullopt);
  const LeaseToken next = take(cache, other);
  CHECK_FALSE(store(cache, other, lost, "late"));
  CHECK(store(cache, other, next, "loaded"));
}

TEST_CASE("a loaded value is stored as any other, with its TTL", "[contract][lease]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!leases(cache)) return;
  const std::string key = cache.key("k"), empty = cache.key("empty");
  const std::string bytes("\0\r\n\xff", 4);
  const LeaseToken token = take(cache, key);
  CHECK(must(cache->run(LeaseSet{.key = key, .token = token, .value = bytes, .ttl = 1h})));
  CHECK(ask(cache, key).value == bytes);
  const auto left = must(cache->ttl(key));
  REQUIRE(left);
  REQUIRE(left->expires());
  CHECK(left->duration() > 59min);
  CHECK(store(cache, empty, take(cache, empty), ""));
  const Leased found = ask(cache, empty);
  CHECK(found.value == "");
  CHECK_FALSE(found.token);
  CHECK(must(cache->ttl(empty)) == Ttl::none());
}

TEST_CASE("an entry that expires can be leased", "[contract][lease]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!leases(cache)) return;
  const std::string key = cache.key("k");
  must(cache->set(key, "v", {.ttl = 1s}));
  CHECK(ask(cache, key).value == "v");
  std::this_thread::sleep_for(2'100ms);
  CHECK(store(cache, key, take(cache, key), "anew"));
  CHECK(must(cache->get(key)) == "anew");
}

TEST_CASE("leases in batches and asynchronous ones are the same", "[contract][lease]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!leases(cache)) return;
  const bool waiting = GENERATE(true, false);
  const auto run_all = [&]<typename Operation>(const std::vector<Operation>& batch) {
    return waiting ? cache->run_many<Operation>(batch)
                   : must(cache->start_many<Operation>(batch).get());
  };
  const std::string a = cache.key("a"), b = cache.key("b"), c = cache.key("c");
  must(cache->set(b, "there"));
  const auto got = run_all(std::vector<LeaseGet>{{a}, {b}, {""}, {a}, {c}});
  REQUIRE(got.size() == 5);
  const LeaseToken token_of_a = must(got[0]).token.value();
  CHECK(must(got[1]).value == "there");
  CHECK(code_of(got[2]) == "invalid_argument");
  CHECK_FALSE(must(got[3]).value);
  CHECK_FALSE(must(got[3]).token);
  const LeaseToken token_of_c = must(got[4]).token.value();
  const auto stored = run_all(std::vector<LeaseSet>{
      {a, token_of_a, "1"}, {a, token_of_a, "2"}, {b, token_of_a, "3"}, {"", token_of_a, "4"}});
  CHECK(must(stored.at(0)));
  CHECK_FALSE(must(stored.at(1)));
  CHECK_FALSE(must(stored.at(2)));
  CHECK(code_of(stored.at(3)) == "invalid_argument");
  const auto dropped = run_all(std::vector<LeaseDrop>{{c, token_of_c}, {c, token_of_c}});
  CHECK(must(dropped.at(0)));
  CHECK_FALSE(must(dropped.at(1)));
  CHECK(must(cache->get(a)) == "1");
  CHECK(must(cache->get(b)) == "there");
}

TEST_CASE("what is asked of leases is checked", "[contract][lease]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!leases(cache)) return;
  const std::string key = cache.key("k");
  const auto refused = [](const auto& outcome) { return code_of(outcome) == "invalid_argument"; };
  CHECK(refused(cache->run(LeaseGet{.key = key, .lease_ttl = Ttl::none()})));
  CHECK(refused(cache->run(LeaseGet{.key = key, .lease_ttl = 0s})));
  CHECK(refused(cache->run(LeaseGet{.key = key, .lease_ttl = std::chrono::hours(24 * 10'000)})));
  CHECK(refused(cache->start(LeaseGet{.key = key, .lease_ttl = 0s}).get()));
  const LeaseToken token = take(cache, key);
  CHECK(refused(cache->run(LeaseSet{.key = key, .token = token, .value = "v", .ttl = 0s})));
  const std::string huge(cache.oversize(), 'x');
  CHECK(code_of(cache->run(LeaseSet{.key = key, .token = token, .value = huge})) == "too_large");
  CHECK(must(cache->get(key)) == std::nullopt);
}

TEST_CASE("leases count as look-ups and sets", "[contract][lease]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!leases(cache)) return;
  const std::string key = cache.key("k");
  const MetricsSnapshot before = cache->metrics().snapshot();
  const LeaseToken token = take(cache, key);  // A miss.
  ask(cache, key);                            // Another one.
  store(cache, key, token, "v");
  store(cache, key, token, "v");
  ask(cache, key);
  must(cache->run(LeaseDrop{.key = key, .token = token}));
  const MetricsSnapshot after = cache->metrics().snapshot();
  CHECK(after.misses == before.misses + 2);
  CHECK(after.hits == before.hits + 1);
  CHECK(after.sets == before.sets + 1);
  CHECK(after.errors == before.errors);
}

TEST_CASE("of many threads that miss together one loads", "[contract][lease]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!leases(cache)) return;
  for (int round = 0; round < 20; ++round) {
    const std::string key = cache.key(std::to_string(round));
    std::atomic<int> loads{0};
    std::atomic<int> wrong{0};
    in_parallel(8, [&](unsigned) {
      for (bool done = false; !done;) {
        const auto got = cache->run(LeaseGet{.key = key, .lease_ttl = 60s});
        if (got && got->token) {
          ++loads;
          const LeaseSet set{.key = key, .token = *got->token, .value = "loaded"};
          wrong += cache->run(set).value_or(false) ? 0 : 1;
        }
        wrong += !got || (got->value && *got->value != "loaded") ? 1 : 0;
        done = !got || got->value;
      }
    });
    CHECK(loads == 1);
    CHECK(wrong == 0);
  }
}

// A source that only grows, and an invalidation behind each change: once that is back, no older
// value is ever seen, whatever loads were under way.
TEST_CASE("no load that began before an invalidation is seen after it", "[contract][lease]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!leases(cache)) return;
  const std::string key = cache.key("k");
  std::atomic<int> source{0};
  std::atomic<int> stored{0};
  std::atomic<int> wrong{0};
  Crew loaders(4, [&](unsigned) {
    const auto got = cache->run(LeaseGet{.key = key, .lease_ttl = 60s});
    if (!got) ++wrong;
    if (!got || !got->token) return;
    const std::string loaded = std::to_string(source.load());
    std::this_thread::yield();
    const LeaseSet set{.key = key, .token = *got->token, .value = loaded};
    const auto outcome = cache->run(set);
    wrong += outcome ? 0 : 1;
    stored += outcome.value_or(false) ? 1 : 0;
  });
  // A fast backend is through with these before the loaders have begun.
  const Deadline end = Deadline::after(60s);
  for (int version = 1; version <= 300 || (stored < 10 && !end.expired()); ++version) {
    source = version;
    wrong += cache->remove(key) ? 0 : 1;
    for (int look = 0; look < 5; ++look) {
      const auto seen = cache->get(key);
      wrong += !seen || (*seen && std::stoi(**seen) < version) ? 1 : 0;
    }
  }
  loaders.stop();
  CHECK(wrong == 0);
  CHECK(stored > 0);  // Else it has seen no load at all.
}
