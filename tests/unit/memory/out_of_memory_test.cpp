// What a cache does when it is given no memory.

#include "fixture.hpp"

#include <array>
#include <cstdlib>
#include <limits>
#include <new>
#include <set>
#include <string>
#include <vector>

using namespace cachekit;

namespace {

// How many allocations of this thread succeed before some fail, and how many those are.
thread_local std::size_t good = std::numeric_limits<std::size_t>::max();
thread_local std::size_t bad = 0;

class Shortage {
 public:
  Shortage(std::size_t after, std::size_t length) {
    good = after;
    bad = length;
  }
  ~Shortage() { bad = 0; }
  Shortage(const Shortage&) = delete;
  Shortage& operator=(const Shortage&) = delete;

  [[nodiscard]] static bool over() { return bad == 0; }
};

void* allocate(std::size_t bytes) {
  if (bad > 0 && good > 0) {
    --good;
  } else if (bad > 0) {
    --bad;
    throw std::bad_alloc();
  }
  void* const block = std::malloc(bytes == 0 ? 1 : bytes);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

}  // namespace

void* operator new(std::size_t bytes) { return allocate(bytes); }
void* operator new[](std::size_t bytes) { return allocate(bytes); }
void* operator new(std::size_t bytes, const std::nothrow_t& /*tag*/) noexcept {
  return std::malloc(bytes == 0 ? 1 : bytes);
}
void* operator new[](std::size_t bytes, const std::nothrow_t& /*tag*/) noexcept {
  return std::malloc(bytes == 0 ? 1 : bytes);
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t) noexcept { std::free(block); }

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
      {.max_items = held,
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
    bool enough = false;
    try {
      const Shortage one(after, 1);
      call(full);
      enough = !Shortage::over();
    } catch (const std::bad_alloc&) {
      ++failed;
    }
    full.check();
    if (enough) break;
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
  CheckedCache t({.max_items = 1'000, .policy = policy, .shards = 1});
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
