// Shards that merge and split when a cache is resized.

#include "fixture.hpp"
#include "memory/entry.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace cachekit;
using namespace std::chrono_literals;

namespace {

std::string shards_of(CheckedCache& t) {
  for (const auto& [name, value] : t.stats().raw) {
    if (name == "shards") return value;
  }
  return "";
}

std::string numbered(int i) { return "key" + std::to_string(i); }

// Where the entries of these tests fit, whatever the size.
constexpr std::array<std::uint64_t, 8> sizes{16, 256, 4, 64, 8, 128, 32, 4};

}  // namespace

TEST_CASE("a cache that was resized has as many shards as one that was made so",
          "[memory][resize]") {
  CheckedCache t;
  for (const std::uint64_t size : {256U, 1U, 4096U, 16U, 17U, 48U, 2U}) {
    REQUIRE(t.cache.resize(mebibytes(size)));
    CheckedCache made({.capacity = mebibytes(size)});
    CHECK(shards_of(t) == shards_of(made));
    CHECK(t.cache.capabilities().max_value_bytes == made.cache.capabilities().max_value_bytes);
    t.set("k", std::string(made.cache.capabilities().max_value_bytes, 'v'));
    REQUIRE(t.cache.validate());
  }
  REQUIRE(t.cache.resize(mebibytes(256), 8192));
  CHECK(shards_of(t) == "2");
}

TEST_CASE("a number of shards that somebody chose stays", "[memory][resize]") {
  CheckedCache t({.capacity = mebibytes(256), .shards = 6});
  REQUIRE(t.cache.resize(mebibytes(1)));
  CHECK(shards_of(t) == "6");
}

TEST_CASE("a large cache that becomes a tiny one holds what its capacity says",
          "[memory][resize]") {
  const auto policy = GENERATE(EvictionPolicy::adaptive, EvictionPolicy::lru, EvictionPolicy::fifo);
  CheckedCache resized({.capacity = mebibytes(256), .policy = policy});
  CheckedCache made({.capacity = kibibytes(64), .policy = policy});
  const std::string value(1000, 'v');
  for (int i = 0; i < 1000; ++i) resized.set(numbered(i), value);
  REQUIRE(resized.cache.resize(kibibytes(64)));
  CHECK(resized.stats().items == kibibytes(64).count / memory::entry_charge(7, 1000));
  for (int i = 0; i < 1000; ++i) {
    resized.set("other" + std::to_string(i), value);
    made.set("other" + std::to_string(i), value);
  }
  CHECK(resized.stats().items == made.stats().items);
  REQUIRE(resized.cache.resize(mebibytes(16)));
  resized.set("large", std::string(3'000'000, 'v'));
  CHECK(resized.get("large")->size() == 3'000'000);
}

TEST_CASE("entries, their TTLs and what holds them stay when shards merge and split",
          "[memory][resize]") {
  const auto policy = GENERATE(EvictionPolicy::adaptive, EvictionPolicy::lru, EvictionPolicy::fifo);
  int gone = 0;
  CheckedCache t(
      {.capacity = mebibytes(64), .policy = policy, .on_removal = [&](const Removal&) { ++gone; }});
  const auto value_of = [](int i) {
    return std::string(i % 100 == 0 ? 20'000 : static_cast<std::size_t>(i % 300), 'v');
  };
  for (int i = 0; i < 3000; ++i) {
    t.set(numbered(i), value_of(i), i % 3 == 0 ? Ttl(std::chrono::hours(1 + i)) : Ttl::none());
  }
  REQUIRE(t.cache.touch(numbered(3), Ttl::none()).value());
  const auto pinned = t.cache.pin(numbered(1)).value();
  const auto pinned_large = t.cache.pin(numbered(100)).value();
  for (const std::uint64_t size : sizes) {
    REQUIRE(t.cache.resize(mebibytes(size)));
    REQUIRE(t.cache.validate());
    int wrong = 0;
    for (int i = 0; i < 3000; ++i) {
      const Ttl ttl = i % 3 == 0 && i != 3 ? Ttl(std::chrono::hours(1 + i)) : Ttl::none();
      if (t.get(numbered(i)) != value_of(i) || t.cache.ttl(numbered(i)).value() != ttl) ++wrong;
    }
    REQUIRE(wrong == 0);
    CHECK(t.stats().items == 3000U);
  }
  CHECK(gone == 0);
  CHECK(pinned->view() == value_of(1));
  CHECK(pinned_large->view() == value_of(100));
}

TEST_CASE("lru still evicts the least recently used ones after shards have merged and split",
          "[memory][resize]") {
  CheckedCache t({.capacity = mebibytes(16), .policy = EvictionPolicy::lru});
  for (int i = 0; i < 4000; ++i) t.set(numbered(i), "v");
  REQUIRE(t.cache.resize(mebibytes(4)));
  REQUIRE(t.cache.resize(mebibytes(16)));
  for (int i = 2000; i < 4000; ++i) REQUIRE(t.get(numbered(i)));
  REQUIRE(t.cache.resize(mebibytes(4), 2000));
  int kept = 0;
  for (int i = 2000; i < 4000; ++i) kept += t.get(numbered(i)) ? 1 : 0;
  CHECK(kept > 1900);
}

TEST_CASE("calls that meet merging and splitting shards miss nothing and see nothing old",
          "[memory][resize][stress]") {
  const auto policy = GENERATE(EvictionPolicy::adaptive, EvictionPolicy::lru);
  CheckedCache t({.capacity = mebibytes(4), .policy = policy});
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 3; ++thread) {
    threads.emplace_back([&, thread] {
      const auto key = [&](int i) { return std::to_string(thread) + ":" + numbered(i % 200); };
      std::vector<std::string> batch;
      for (int i = 0; i < 50; ++i) batch.push_back(key(i) + "b");
      const std::vector<std::string_view> keys(batch.begin(), batch.end());
      for (int i = 0; !stop; ++i) {
        const std::string value = std::to_string(i) + std::string(i % 7 == 0 ? 5'000 : 50, 'v');
        if (!t.cache.set(key(i), value).value_or(false)) ++wrong;
        if (t.cache.get(key(i)).value() != value) ++wrong;
        if (!t.cache.touch(key(i), Ttl(1h)).value_or(false)) ++wrong;
        if (t.cache.increment(key(0) + "n").value() != i + 1) ++wrong;
        if (i % 16 == 0) {
          std::vector<SetItem> items;
          for (const std::string_view one : keys) items.push_back({one, value});
          for (const auto& stored : t.cache.set_many(items))
            wrong += stored.value_or(false) ? 0 : 1;
          for (const auto& found : t.cache.get_many(keys)) wrong += found.value() == value ? 0 : 1;
        }
        if (i % 3 == 0 && !t.cache.remove(key(i)).value_or(false)) ++wrong;
        if (i % 3 == 0 && t.cache.exists(key(i)).value_or(true)) ++wrong;
      }
    });
  }
  for (int i = 0; i < 60; ++i) {
    REQUIRE(t.cache.resize(mebibytes(sizes[static_cast<std::size_t>(i) % sizes.size()])));
    REQUIRE(t.cache.validate());
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("a scan, a listing and a clear miss nothing when shards merge and split meanwhile",
          "[memory][resize][stress]") {
  CheckedCache t({.capacity = mebibytes(4)});
  for (int i = 0; i < 2000; ++i) t.set(numbered(i), "v");
  // A resize follows each key that is seen: one that only resizes would have the locks for itself.
  std::atomic<std::size_t> seen{0};
  std::atomic<bool> stop{false};
  const auto see = [&] {
    ++seen;
    seen.notify_one();
  };
  std::thread resizer([&] {
    for (std::size_t i = 0; !stop; ++i) {
      const std::size_t before = seen;
      static_cast<void>(t.cache.resize(mebibytes(sizes[i % sizes.size()])));
      seen.wait(before);
    }
  });
  std::set<std::size_t> scanned;
  std::set<std::size_t> listed;
  for (int round = 0; round < 8; ++round) {
    std::set<std::string> keys;
    std::size_t count = 0;
    static_cast<void>(t.cache.scan({.page_size = 50}, [&](std::string_view key) {
      see();
      keys.emplace(key);
      return ++count > 0;
    }));
    scanned.insert({keys.size(), count});  // Each key once.
    count = 0;
    static_cast<void>(t.cache.hottest([&](const HotEntry&) {
      see();
      return ++count > 0;
    }));
    listed.insert(count);
  }
  static_cast<void>(t.cache.clear());
  const auto left = t.stats().items;
  stop = true;
  see();
  resizer.join();
  CHECK(scanned == std::set<std::size_t>{2000});
  CHECK(listed == std::set<std::size_t>{2000});
  CHECK(left == 0U);
}
