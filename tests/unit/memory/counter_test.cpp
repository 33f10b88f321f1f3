#include "fixture.hpp"
#include "memory/entry.hpp"

#include <cstdint>
#include <limits>
#include <string>

using namespace cachekit;
using namespace std::chrono_literals;

TEST_CASE("increment counts from 0, below it, and by any step", "[memory][counter]") {
  CheckedCache t;
  CHECK(t.cache.increment("n").value() == 1);
  CHECK(t.cache.increment("n", 41).value() == 42);
  CHECK(t.cache.increment("n", -50).value() == -8);
  CHECK(t.get("n") == "-8");
  t.set("m", "100");
  CHECK(t.cache.increment("m", 0).value() == 100);
}

TEST_CASE("increment keeps the TTL of a counter and gives a new one none", "[memory][counter]") {
  CheckedCache t;
  t.set("n", "9", 100ms);
  t.runtime.advance(40ms);
  CHECK(t.cache.increment("n").value() == 10);
  CHECK(t.cache.ttl("n").value() == Ttl(60ms));
  t.runtime.advance(60ms);
  CHECK(t.cache.increment("n").value() == 1);
  CHECK(t.cache.ttl("n").value() == Ttl::none());
}

TEST_CASE("increment refuses what is no number, and leaves it alone", "[memory][counter]") {
  CheckedCache t;
  for (const std::string value :
       {"", " 1", "1 ", "+1", "0x10", "1.5", "ten", "9223372036854775808"}) {
    t.set("n", value);
    const auto refused = t.cache.increment("n");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::rejected);
    CHECK(t.get("n") == value);
  }
}

TEST_CASE("increment refuses an overflow in both directions", "[memory][counter]") {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  CheckedCache t;
  CHECK(t.cache.increment("n", most).value() == most);
  CHECK(t.cache.increment("n").error().code == Errc::rejected);
  CHECK(t.get("n") == std::to_string(most));
  CHECK(t.cache.increment("m", least).value() == least);
  CHECK(t.cache.increment("m", -1).error().code == Errc::rejected);
  CHECK(t.cache.increment("m", most).value() == -1);
}

TEST_CASE("a counter that outgrows its shard is too large and leaves nothing behind",
          "[memory][counter]") {
  // With this key one digit fills the block to its last byte; one more takes 16 bytes.
  const std::size_t value = memory::largest_value(memory::entry_charge(1, 0));
  const std::string key(value, 'k');
  CheckedCache t({.capacity = {memory::entry_charge(key.size(), 1)}, .shards = 1});
  t.set(key, "9");
  CHECK(t.cache.increment(key).error().code == Errc::too_large);
  CHECK(t.get(key) == std::nullopt);
}
