// What a cache does when it is given no memory.

#include "fixture.hpp"
#include "shortage.hpp"

#include <array>
#include <limits>
#include <set>
#include <string>
#include <vector>

using namespace cachekit;

namespace {

constexpr int held = 100;

// A full cache, and the keys that its listener was not told of.
struct Full {
  Full() {
    for (int i = 0; i < held; ++i) {
      present.insert("old" + std::to_string(i));
      t.set("old" + std::to_string(i), std::string(5'000, 'v'));
    }
  }
  void check() {
    for (const std::string& key : present) REQUIRE(t.cache.exists(key).value());
    REQUIRE(t.cache.validate());
  }

  std::set<std::string> present{};
  CheckedCache t{
      {.max_entries = held,
       .policy = EvictionPolicy::lru,
       .shards = 1,
       .on_removal = [this](const Removal& removal) { present.erase(std::string(removal.key)); }}};
};

// Runs a call with each of its allocations failing in turn.
template <typename Call>
void with_each_shortage(const Call& call) {
  std::size_t failed = 0;
  for (std::size_t after = 0;; ++after) {
    Full full;
    bool refused = false;
    {
      const Shortage one(after, 1);
      call(full);
      refused = Shortage::over();
    }
    full.check();
    if (!refused) break;
    ++failed;
  }
  CHECK(failed > 0);
}

}  // namespace

TEST_CASE("the listener hears of all that has left, also when memory ends meanwhile",
          "[memory][listener]") {
  const std::string value(5'000, 'n');
  std::vector<std::string> keys;
  keys.reserve(64);
  for (int i = 0; i < 64; ++i) keys.push_back("new" + std::to_string(i));
  SECTION("in a set") {
    with_each_shortage([&](Full& full) { static_cast<void>(full.t.cache.set(keys[0], value)); });
  }
  SECTION("in a batch") {
    std::vector<SetItem> items;
    items.reserve(keys.size());
    for (const std::string& key : keys) items.push_back({key, value});
    with_each_shortage([&](Full& full) { static_cast<void>(full.t.cache.set_many(items)); });
  }
}

TEST_CASE("look-ups succeed where their statistics get no memory", "[memory][insights]") {
  const auto policy = GENERATE(EvictionPolicy::adaptive, EvictionPolicy::lru);
  CheckedCache t({.max_entries = 1'000, .policy = policy, .shards = 1});
  for (int i = 0; i < 5'000; ++i) t.set("k" + std::to_string(i), "v");
  std::array<char, 8> key{"key0000"};
  int wrong = 0;
  {
    const Shortage lasting(0, std::numeric_limits<std::size_t>::max());
    for (int i = 0; i < 100'000; ++i) {
      for (std::size_t digit = 3, rest = static_cast<std::size_t>(i); digit < 7; ++digit) {
        key[digit] = static_cast<char>('0' + rest % 10);
        rest /= 10;
      }
      if (!t.cache.get({key.data(), 7})) ++wrong;
    }
  }
  CHECK(wrong == 0);
  for (int i = 0; i < 5'000; ++i) t.set("k" + std::to_string(i), "v");
}
