// Leases of the in-process cache, on a clock of its own and while shards move.

#include "fixture.hpp"
#include "memory/lease_table.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

using namespace cachekit;
using namespace std::chrono_literals;
using operation::LeaseGet;
using operation::LeaseSet;

namespace {

Leased leased(CheckedCache& t, std::string_view key, Ttl lease = 10s) {
  const auto got = t.cache.run(LeaseGet{.key = key, .lease_ttl = lease});
  REQUIRE(got);
  return *got;
}

bool stored(CheckedCache& t, std::string_view key, LeaseToken token, std::string_view value) {
  const auto outcome = t.cache.run(LeaseSet{.key = key, .token = token, .value = value});
  REQUIRE(outcome);
  return *outcome;
}

}  // namespace

TEST_CASE("a lease ends to the millisecond, and is told as what is left", "[memory][lease]") {
  CheckedCache t;
  const Leased mine = leased(t, "k");
  REQUIRE(mine.token);
  CHECK(mine.ends_in == 10s);
  t.runtime.advance(9'999ms);
  CHECK(leased(t, "k").ends_in == 1ms);
  t.runtime.advance(1ms);
  CHECK_FALSE(stored(t, "k", *mine.token, "late"));
  const Leased next = leased(t, "k", 20s);
  REQUIRE(next.token);
  CHECK(*next.token != *mine.token);
  CHECK(next.ends_in == 20s);
  CHECK(stored(t, "k", *next.token, "loaded"));
  CHECK(t.get("k") == "loaded");
}

TEST_CASE("shards that merge and split keep no lease that nobody voids", "[memory][lease]") {
  CheckedCache t({.capacity = mebibytes(256)});
  std::vector<std::string> keys;
  for (int i = 0; i < 200; ++i) keys.push_back("key" + std::to_string(i));
  std::vector<LeaseToken> tokens;
  for (const std::string& key : keys) tokens.push_back(leased(t, key).token.value());
  REQUIRE(t.cache.resize(mebibytes(1)));
  for (const std::string& key : keys) REQUIRE(t.cache.remove(key));
  REQUIRE(t.cache.resize(mebibytes(256)));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    CHECK_FALSE(stored(t, keys[i], tokens[i], "stale"));
  }
  // And the other way round.
  for (std::size_t i = 0; i < keys.size(); ++i) tokens[i] = leased(t, keys[i]).token.value();
  REQUIRE(t.cache.resize(mebibytes(512)));
  for (const std::string& key : keys) REQUIRE(t.cache.remove(key));
  REQUIRE(t.cache.resize(mebibytes(256)));
  for (std::size_t i = 0; i < keys.size(); ++i) {
    CHECK_FALSE(stored(t, keys[i], tokens[i], "stale"));
  }
}

TEST_CASE("leases take no room from entries, and only so much of their own", "[memory][lease]") {
  CheckedCache t({.capacity = mebibytes(1), .shards = 1});
  const LeaseToken first = leased(t, "first", 10s).token.value();
  const LeaseToken longest = leased(t, "longest", 30s).token.value();
  for (std::size_t i = 0; i < memory::LeaseTable::most; ++i) {
    REQUIRE(leased(t, "key" + std::to_string(i), 20s).token);
  }
  CHECK(t.stats().items == 0);
  CHECK(t.stats().bytes == 0);
  CHECK_FALSE(stored(t, "first", first, "v"));  // It ended first, so it made room.
  CHECK(stored(t, "longest", longest, "v"));
}

TEST_CASE("leases that end first make room for many at once", "[memory][lease]") {
  memory::LeaseTable table;
  const memory::Time start{};
  for (std::uint64_t hash = 0; hash < memory::LeaseTable::most; ++hash) {
    static_cast<void>(table.grant(hash, start, start + (hash < 512 ? 10s : 20s)));
  }
  static_cast<void>(table.grant(memory::LeaseTable::most, start, start + 5s));
  CHECK(table.count() == memory::LeaseTable::most - memory::LeaseTable::most / 8 + 1);
  for (std::uint64_t hash = 512; hash <= memory::LeaseTable::most; ++hash) {
    CHECK(table.find(hash, start) != nullptr);
  }
}

TEST_CASE("leases that have ended make room before others", "[memory][lease]") {
  memory::LeaseTable table;
  const memory::Time start{};
  for (std::uint64_t hash = 0; hash < memory::LeaseTable::most; ++hash) {
    static_cast<void>(table.grant(hash, start, start + (hash % 2 == 0 ? 1s : 100s)));
  }
  static_cast<void>(table.grant(memory::LeaseTable::most, start + 1s, start + 100s));
  CHECK(table.count() == memory::LeaseTable::most / 2 + 1);
  CHECK(table.find(0, start) == nullptr);
  CHECK(table.find(1, start + 1s) != nullptr);
  CHECK(table.find(1, start + 100s) == nullptr);
}

TEST_CASE("a large value is found by who asks for a lease, and kept by its holder",
          "[memory][lease]") {
  CheckedCache t({.capacity = mebibytes(64)});
  const std::string large(std::size_t{1} << 20U, 'v');
  const LeaseToken token = leased(t, "k").token.value();
  CHECK(stored(t, "k", token, large));
  CHECK((leased(t, "k").value == large));
}

TEST_CASE("a loaded value that is too large leaves the lease to its holder", "[memory][lease]") {
  CheckedCache t({.capacity = mebibytes(1), .shards = 1});
  const LeaseToken token = leased(t, "k").token.value();
  const std::string huge(std::size_t{2} << 20U, 'v');
  const auto refused = t.cache.run(LeaseSet{.key = "k", .token = token, .value = huge});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::too_large);
  CHECK(stored(t, "k", token, "short"));
}

TEST_CASE("an exchange that is too large removes the entry, or is not made", "[memory][compare]") {
  CheckedCache t({.capacity = mebibytes(1), .shards = 1});
  const std::string huge(std::size_t{2} << 20U, 'v');
  t.set("k", "old");
  const auto other =
      t.cache.run(operation::CompareAndSet{.key = "k", .expected = "new", .value = huge});
  CHECK(other == false);
  const auto refused =
      t.cache.run(operation::CompareAndSet{.key = "k", .expected = "old", .value = huge});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::too_large);
  CHECK(t.get("k") == std::nullopt);
}
