// Every call of a cache, with each of its allocations made to fail in turn: an error, or what it
// would have been; never an exception, and nothing half done.

#include "shortage.hpp"

#include "fixture.hpp"
#include "support/temp_dir.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace cachekit;
using namespace std::chrono_literals;

namespace {

constexpr auto all = std::numeric_limits<std::size_t>::max();

const std::string small(100, 's');
const std::string large(100'000, 'l');

// A full cache: small and large values, with a TTL and without, some expired, some pinned.
class Full {
 public:
  explicit Full(EvictionPolicy policy)
      : t({.capacity = kibibytes(400), .policy = policy, .shards = 2, .on_removal = [](auto&&) {
           }}) {
    for (int i = 0; i < 1'500; ++i) {
      const Ttl ttl = i % 5 == 0 ? Ttl(1ms) : i % 5 == 1 ? Ttl(1h) : Ttl::none();
      const std::string key = "key" + std::to_string(i);
      static_cast<void>(t.cache.set(key, i % 500 == 499 ? large : small, {.ttl = ttl}));
    }
    t.runtime.advance(1ms);
    t.set("small", small);
    t.set("large", large);
    t.set("number", "17");
    pinned = t.cache.pin("small").value();
  }

  CheckedCache t;
  std::optional<PinnedValue> pinned{};
};

std::string text(bool value) { return value ? "yes" : "no"; }
std::string text(std::int64_t value) { return std::to_string(value); }
std::string text(const std::optional<std::string>& value) { return value.value_or("nothing"); }
std::string text(const std::optional<Ttl>& value) {
  return !value ? "nothing" : std::to_string(value->duration().count());
}

template <typename T>
std::vector<std::string> outcomes(const Result<T>& result) {
  if (!result) return {std::string(to_string(result.error().code))};
  if constexpr (std::is_void_v<T>) {
    return {"done"};
  } else {
    return {text(*result)};
  }
}

template <typename T>
std::vector<std::string> outcomes(const std::vector<Result<T>>& results) {
  std::vector<std::string> all_of_them;
  for (const Result<T>& result : results) all_of_them.push_back(outcomes(result).front());
  return all_of_them;
}

// Each outcome is what it would have been, or says that memory was short.
void compare(const std::vector<std::string>& seen, const std::vector<std::string>& expected) {
  REQUIRE(seen.size() == expected.size());
  int wrong = 0;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (seen[i] != expected[i] && seen[i] != "overloaded") ++wrong;
  }
  CHECK(wrong == 0);
}

// Runs a call with `length` of its allocations failing, from the first on, then from the second...
template <typename Call>
void survives(const Call& call, std::size_t length = 1) {
  const auto policy = GENERATE(EvictionPolicy::adaptive, EvictionPolicy::lru, EvictionPolicy::fifo);
  std::vector<std::string> expected;
  {
    Full full(policy);
    expected = outcomes(call(full.t.cache));
  }
  for (std::size_t after = 0;; ++after) {
    Full full(policy);
    std::optional<decltype(call(full.t.cache))> outcome;
    bool refused = false;
    {
      const Shortage shortage(after, length);
      outcome.emplace(call(full.t.cache));
      refused = Shortage::begun();
    }
    compare(outcomes(*outcome), expected);
    REQUIRE(full.t.cache.validate());
    full.t.set("then", "v");
    REQUIRE(full.t.get("then") == "v");
    CHECK(full.pinned->view() == small);
    if (!refused) break;
  }
}

struct Batch {
  Batch() {
    for (int i = 0; i < 200; ++i) {
      keys.push_back("batch" + std::to_string(i));
      values.push_back(i % 50 == 7 ? large : small);
    }
    keys.emplace_back("large");
    values.push_back(large);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      views.emplace_back(keys[i]);
      items.push_back({keys[i], values[i], i % 3 == 0 ? Ttl(1h) : Ttl::none()});
    }
  }

  std::vector<std::string> keys{};
  std::vector<std::string> values{};
  std::vector<std::string_view> views{};
  std::vector<SetItem> items{};
};

}  // namespace

TEST_CASE("a look-up that finds no memory is an error or a value", "[memory][shortage]") {
  const std::size_t length = GENERATE(std::size_t{1}, all);
  SECTION("of a small value") {
    survives([](InMemoryBackend& cache) { return cache.get("small"); }, length);
  }
  SECTION("of a large value") {
    survives([](InMemoryBackend& cache) { return cache.get("large"); }, length);
  }
  SECTION("with a budget") {
    survives([](InMemoryBackend& cache) { return cache.get("large", {.timeout = 5s}); }, length);
  }
  SECTION("without a copy") {
    survives([](InMemoryBackend& cache) { return cache.read("large", [](auto&&) {}); }, length);
  }
  SECTION("whether it is there") {
    survives([](InMemoryBackend& cache) { return cache.exists("large"); }, length);
  }
  SECTION("of a TTL") {
    survives([](InMemoryBackend& cache) { return cache.ttl("large"); }, length);
  }
}

TEST_CASE("a change that finds no memory is an error or done", "[memory][shortage]") {
  const std::size_t length = GENERATE(std::size_t{1}, all);
  SECTION("a set of a new key") {
    survives([](InMemoryBackend& cache) { return cache.set("new", small); }, length);
  }
  SECTION("a set of a new key with a TTL") {
    survives([](InMemoryBackend& cache) { return cache.set("new", small, {.ttl = Ttl(1h)}); },
             length);
  }
  SECTION("a set of a large value") {
    survives([](InMemoryBackend& cache) { return cache.set("new", large); }, length);
  }
  SECTION("a set that replaces a value by a larger one") {
    survives([](InMemoryBackend& cache) { return cache.set("number", large); }, length);
  }
  SECTION("a set of what is pinned") {
    survives([](InMemoryBackend& cache) { return cache.set("small", small); }, length);
  }
  SECTION("a set of what is too large") {
    const std::string huge(1'000'000, 'h');
    survives([&](InMemoryBackend& cache) { return cache.set("small", huge); });
  }
  SECTION("a removal") {
    survives([](InMemoryBackend& cache) { return cache.remove("large"); }, length);
  }
  SECTION("an increment of what is there") {
    survives([](InMemoryBackend& cache) { return cache.increment("number", 1'000'000'000'000); },
             length);
  }
  SECTION("an increment of what is new") {
    survives([](InMemoryBackend& cache) { return cache.increment("new"); }, length);
  }
  SECTION("an increment of what is no number") {
    survives([](InMemoryBackend& cache) { return cache.increment("small"); });
  }
  SECTION("a touch") {
    survives([](InMemoryBackend& cache) { return cache.touch("small", Ttl(1h)); }, length);
  }
  SECTION("a touch of a large value") {
    survives([](InMemoryBackend& cache) { return cache.touch("large", Ttl(1h)); }, length);
  }
}

TEST_CASE("each outcome of a batch that finds no memory is its own", "[memory][shortage]") {
  const Batch batch;
  SECTION("get_many") {
    survives([&](InMemoryBackend& cache) {
      return cache.get_many(std::span(batch.views).subspan(150));
    });
  }
  SECTION("set_many") {
    survives([&](InMemoryBackend& cache) { return cache.set_many(batch.items); });
  }
  SECTION("remove_many") {
    survives([&](InMemoryBackend& cache) { return cache.remove_many(batch.views); });
  }
}

TEST_CASE("what set_many says it stored is there, and the rest is not, when memory ends",
          "[memory][shortage]") {
  const Batch batch;
  for (std::size_t after = 0;; ++after) {
    CheckedCache t({.shards = 3});
    std::vector<Result<bool>> stored;
    bool refused = false;
    {
      const Shortage one(after, 1);
      stored = t.cache.set_many(batch.items);
      refused = Shortage::begun();
    }
    int wrong = 0;
    for (std::size_t i = 0; i < stored.size(); ++i) {
      const bool there = t.get(batch.keys[i]) == batch.values[i];
      if (there != stored[i].has_value()) ++wrong;
    }
    REQUIRE(wrong == 0);
    if (!refused) break;
  }
}

TEST_CASE("what concerns all entries is an error or done where there is no memory",
          "[memory][shortage]") {
  const std::size_t length = GENERATE(std::size_t{1}, all);
  SECTION("a scan") {
    survives(
        [](InMemoryBackend& cache) {
          return cache.scan({.page_size = 100}, [](auto&&) { return true; });
        },
        length);
  }
  SECTION("a clear") {
    survives([](InMemoryBackend& cache) { return cache.clear(); }, length);
  }
  SECTION("a resize to less") {
    survives([](InMemoryBackend& cache) { return cache.resize(kibibytes(100)); }, length);
  }
  SECTION("a resize to more") {
    survives([](InMemoryBackend& cache) { return cache.resize(mebibytes(64)); }, length);
  }
  SECTION("a listing") {
    survives([](InMemoryBackend& cache) { return cache.hottest([](auto&&) { return true; }); },
             length);
  }
}

TEST_CASE("a flush for which there is no memory leaves the old file, or has written the new one",
          "[memory][shortage][persistence]") {
  const test::TempDir folder;
  const InMemoryConfig config{.snapshot_file = folder / "snapshot"};
  for (std::size_t after = 0;; ++after) {
    std::string code;
    bool written = false;
    bool begun = false;
    {
      CheckedCache t(config);
      t.set("key", "old");
      REQUIRE(t.cache.flush());
      t.set("key", "new");
      {
        const Shortage shortage(after, 1);
        const Result<void> flushed = t.cache.flush();
        written = flushed.has_value();
        if (!written) code = to_string(flushed.error().code);
        begun = Shortage::begun();
      }
      InMemoryConfig reading = config;
      reading.snapshot_read_only = true;
      CheckedCache reader(reading);
      INFO("the allocation after " << after << " failed: " << code);
      CHECK(reader.get("key") == (written ? "new" : "old"));
      CHECK((written || code == "overloaded"));
    }
    if (!begun) break;
  }
}

TEST_CASE("shards merge and split as far as there is memory for it", "[memory][shortage][resize]") {
  const auto policy = GENERATE(EvictionPolicy::adaptive, EvictionPolicy::lru);
  const std::size_t length = GENERATE(std::size_t{1}, all);
  std::size_t missing_at_worst = 0;
  for (std::size_t after = 0;; after = after < 40 ? after + 1 : after + after / 8) {
    CheckedCache t({.capacity = mebibytes(8), .policy = policy});
    for (int i = 0; i < 600; ++i) {
      t.set("key" + std::to_string(i), i % 100 == 0 ? large : small,
            i % 5 == 0 ? Ttl(1h) : Ttl::none());
    }
    bool refused = false;
    {
      const Shortage shortage(after, length);
      CHECK(t.cache.resize(mebibytes(64)));
      CHECK(t.cache.resize(mebibytes(4)));
      refused = Shortage::begun();
    }
    REQUIRE(t.cache.validate());
    CHECK(t.stats().evictions == 600 - *t.stats().items);
    missing_at_worst = std::max<std::size_t>(missing_at_worst, 600 - *t.stats().items);
    for (int i = 0; i < 600; ++i) {
      const auto value = t.cache.get("key" + std::to_string(i)).value();
      if (value) REQUIRE(*value == (i % 100 == 0 ? large : small));
    }
    t.set("then", "v");
    if (!refused) break;
  }
  CHECK(missing_at_worst <= (length == 1 ? 1U : 600U));
}

TEST_CASE("clear and resize are done without memory", "[memory][shortage]") {
  Full full(EvictionPolicy::adaptive);
  bool resized = false;
  bool cleared = false;
  {
    const Shortage lasting(0, all);
    resized = full.t.cache.resize(kibibytes(100)).has_value();
  }
  CHECK(resized);
  CHECK(*full.t.stats().bytes <= kibibytes(100).count);
  {
    const Shortage lasting(0, all);
    cleared = full.t.cache.clear().has_value();
  }
  CHECK(cleared);
  CHECK(full.t.stats().items == 0U);
}

TEST_CASE("a report that finds no memory says so", "[memory][shortage]") {
  survives([](InMemoryBackend& cache) -> Result<bool> {
    auto node = std::move(cache.stats().nodes.at(0));
    if (node.error) return fail(*std::move(node.error));
    return node.items > 0U;
  });
  survives([](InMemoryBackend& cache) -> Result<bool> {
    auto node = std::move(cache.ping().nodes.at(0));
    if (node.error) return fail(*std::move(node.error));
    return true;
  });
}

TEST_CASE("a snapshot is written and loaded whole, or not at all, where there is no memory",
          "[memory][shortage][snapshot]") {
  const TempFolder folder;
  const InMemoryConfig config{.shards = 2, .snapshot_file = folder / "snapshot"};
  {
    CheckedCache t(config);
    for (int i = 0; i < 500; ++i) t.set("key" + std::to_string(i), small, Ttl(1h));
    REQUIRE(t.cache.flush());
  }
  for (std::size_t after = 0;; ++after) {
    CheckedCache t(config);
    bool refused = false;
    std::optional<Result<void>> connected;
    {
      const Shortage one(after, 1);
      connected.emplace(t.cache.connect());
      refused = Shortage::begun();
    }
    if (!*connected) CHECK(connected->error().code == Errc::overloaded);
    REQUIRE(t.cache.connect());
    CHECK(t.stats().items == 500U);
    REQUIRE(t.cache.set("key0", small + std::to_string(after), {.ttl = Ttl(1h)}));
    bool lost = false;
    {
      const Shortage one(after, 1);
      lost = !t.cache.flush();
      refused = refused || Shortage::begun();
    }
    CHECK_FALSE(std::filesystem::exists(folder / "snapshot.cachekit-tmp"));
    CheckedCache again({.snapshot_file = folder / "snapshot", .snapshot_read_only = true});
    CHECK(again.stats().items == 500U);
    const auto expected = small + std::to_string(after);
    if (!lost) CHECK(again.get("key0") == expected);
    if (!refused) break;
  }
}
