#include "memcached/counting.hpp"

#include "support/catch.hpp"
#include "unit/memcached/replies.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

using namespace cachekit;
using namespace cachekit::memcached;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

const std::string endpoint = "server:1";

// What the server answers to counting.
Reply sum(std::uint64_t number, std::uint64_t version) {
  Reply reply = entry(std::to_string(number), version);
  reply.number = number;
  return reply;
}

Reply refused() { return told(Reply::Status::refused); }

constexpr std::uint64_t most = INT64_MAX;

Result<Reply> unsupported() { return fail(Errc::unsupported, "no versions"); }

}  // namespace

TEST_CASE("what begins a change on a classic server has room and time like any other command",
          "[memcached][counters]") {
  Counting counter("n", 1, endpoint);
  const auto next = counter.tried(entry("5", 0), unsupported());
  REQUIRE(next.has_value());
  CHECK(next->verb == Verb::increment);
  CHECK_FALSE(next->is_follow_up);
  Counting absent("n", 1, endpoint);
  const auto creation = absent.tried(Reply{}, unsupported());
  REQUIRE(creation.has_value());
  CHECK(creation->verb == Verb::store);
  CHECK_FALSE(creation->is_follow_up);
}

TEST_CASE("what takes a change back goes whatever else is under way, and gets a moment",
          "[memcached][counters]") {
  Counting counter("n", 1, endpoint);
  const auto next = counter.tried(entry("05", 7), sum(6, 8));
  REQUIRE(next.has_value());
  CHECK(next->is_follow_up);
  const Deadline over = Deadline::after(0ms);
  const Deadline moment = counter.due(over);
  CHECK_FALSE(moment.expired());
  const Deadline later = Deadline::after(1h);
  CHECK(counter.due(later).at() == later.at());
  CHECK(Counting("n", 1, endpoint).due(over).expired());
  // All its steps together have that moment.
  REQUIRE(counter.answered(entry("6", 8)).has_value());
  CHECK(counter.due(over).at() == moment.at());
}

TEST_CASE("what others count meanwhile does not keep a change from being taken back",
          "[memcached][counters]") {
  Counting counter("n", 1, endpoint);
  auto next = counter.tried(entry(std::to_string(most), 7), sum(most + 1, 8));
  for (std::uint64_t round = 0; round < 100; ++round) {
    REQUIRE(next.has_value());
    CHECK(next->verb == Verb::increment);
    next = counter.answered(refused());  // Somebody was faster.
    REQUIRE(next.has_value());
    CHECK(next->verb == Verb::inspect);
    next = counter.answered(entry("9223372036854775810", 9 + round));
  }
  REQUIRE(next.has_value());
  CHECK_FALSE(counter.answered(fail(Errc::timeout, "too late")).has_value());
  CHECK(counter.outcome().error().code == Errc::outcome_unknown);
}

TEST_CASE("a sum beyond 64 bits is taken back, though the look came before another's count",
          "[memcached][counters]") {
  Counting counter("n", 1, endpoint);
  const auto next = counter.tried(entry(std::to_string(most - 1), 7), sum(most + 1, 9));
  REQUIRE(next.has_value());
  CHECK(next->verb == Verb::increment);
  CHECK(next->delta == -1);
  CHECK(next->version == 9);
  CHECK_FALSE(counter.answered(sum(most, 10)).has_value());
  CHECK(counter.outcome().error().code == Errc::rejected);
}

TEST_CASE("a number that lost digits when it was counted back is written without the spaces",
          "[memcached][counters]") {
  Counting counter("n", 1, endpoint);
  auto next = counter.tried(entry("9999999999999999999", 7), sum(10'000'000'000'000'000'000U, 8));
  REQUIRE(next.has_value());
  CHECK(next->verb == Verb::inspect);
  next = counter.answered(entry("10000000000000000001", 9));  // Another one counts, too.
  REQUIRE(next.has_value());
  CHECK(next->delta == -1);
  next = counter.answered(sum(10'000'000'000'000'000'000U, 10));
  CHECK_FALSE(next.has_value());  // It is for the other one.

  Counting last("n", 1, endpoint);
  REQUIRE(last.tried(entry("9999999999999999999", 7), sum(10'000'000'000'000'000'000U, 8)));
  REQUIRE(last.answered(entry("10000000000000000003", 9)));
  next = last.answered(sum(9'999'999'999'999'999'999U, 10));
  for (std::uint64_t version = 10; version < 13; ++version) {
    REQUIRE(next.has_value());
    CHECK(next->verb == Verb::inspect);
    next = last.answered(entry("9999999999999999999 ", version));
    REQUIRE(next.has_value());
    CHECK(next->verb == Verb::store);
    CHECK(next->value == "9999999999999999999");
    CHECK(next->version == version);
    CHECK(next->is_follow_up);
    next = last.answered(refused());
  }
  CHECK_FALSE(last.answered(fail(Errc::timeout, "too late")).has_value());
  CHECK(last.outcome().error().code == Errc::rejected);  // The number is right.
}

TEST_CASE("what went round at the server's end is put back once others have taken back theirs",
          "[memcached][counters]") {
  const std::string text = "18446744073709551614";
  Counting counter("n", 3, endpoint);
  auto next = counter.tried(entry(text, 7), sum(1, 8));
  REQUIRE(next.has_value());
  CHECK(next->verb == Verb::inspect);
  next = counter.answered(entry("4                   ", 9));
  REQUIRE(next.has_value());
  CHECK(next->verb == Verb::inspect);
  next = counter.answered(entry("1                   ", 10));
  REQUIRE(next.has_value());
  CHECK(next->verb == Verb::store);
  CHECK(next->value == text);
  CHECK(next->version == 10);
  next = counter.answered(refused());
  REQUIRE(next.has_value());
  CHECK(next->verb == Verb::inspect);
}

TEST_CASE("what somebody has stored stays, and is waited upon for a moment only",
          "[memcached][counters]") {
  const std::vector<std::pair<std::string, bool>> cases{
      {"some text", false}, {"05", false}, {"7", true}, {"9223372036854775807", true}, {"", false}};
  for (const auto& [stored, may_be_counted] : cases) {
    INFO(stored);
    Counting over("n", 1, endpoint, 0ms);
    REQUIRE(over.tried(entry(std::to_string(most), 7), sum(most + 1, 8)));
    const auto look = over.answered(refused());
    REQUIRE(look.has_value());
    CHECK(look->verb == Verb::inspect);
    CHECK_FALSE(over.answered(entry(stored, 9)).has_value());
    CHECK(over.outcome().error().code == Errc::rejected);
    Counting patient("n", 1, endpoint, 1h);
    REQUIRE(patient.tried(entry(std::to_string(most), 7), sum(most + 1, 8)));
    REQUIRE(patient.answered(refused()));
    CHECK(patient.answered(entry(stored, 9)).has_value() == may_be_counted);
  }
}

TEST_CASE("the next increment of a batch is judged as if the refused one were taken back",
          "[memcached][counters]") {
  Counting counter("n", 2, endpoint);
  REQUIRE(counter.tried(entry(std::to_string(most), 7), sum(most + 2, 8)));
  const auto second = counter.also_tried(-1, entry("9223372036854775809", 8), sum(most + 1, 9));
  REQUIRE(second.has_value());
  CHECK(*second == INT64_MAX - 1);
  const auto third = counter.also_tried(5, entry("9223372036854775808", 9), sum(most + 6, 10));
  REQUIRE(third.has_value());
  CHECK(third->error().code == Errc::rejected);
  CHECK_FALSE(counter.also_tried(5, entry("9223372036854775808", 9), sum(most + 6, 10)));
  const auto next = counter.begin_to_take_back();
  REQUIRE(next.has_value());
  CHECK(next->delta == -7);
  CHECK(next->version == 10);
}

TEST_CASE("a large step that does not fit changes nothing, not for a moment either",
          "[memcached][counters]") {
  for (const std::string there : {"9223372036854775000", "12 apples", "9999999999999999999"}) {
    INFO(there);
    Counting counter("n", std::int64_t{1} << 40U, endpoint);
    CHECK(counter.first_look().verb == Verb::inspect);
    CHECK_FALSE(counter.answered(entry(there, 7)).has_value());
    CHECK(counter.outcome().error().code == Errc::rejected);
  }
}

TEST_CASE("a large step that might not fit is counted as it was seen, others at once",
          "[memcached][counters]") {
  constexpr std::int64_t by = std::int64_t{1} << 62U;
  Counting near("n", by, endpoint);
  static_cast<void>(near.first_look());
  auto next = near.answered(entry("5", 7));
  for (std::uint64_t version = 7; version < 100; ++version) {
    REQUIRE(next.has_value());
    CHECK(next->verb == Verb::increment);
    CHECK(next->version == version);
    next = near.answered(refused());
    REQUIRE(next.has_value());
    CHECK(next->verb == Verb::inspect);
    next = near.answered(entry("5", version + 1));
  }
  CHECK_FALSE(near.answered(sum(by + 5, 101)).has_value());
  CHECK(near.outcome() == by + 5);

  Counting far("n", by / 2, endpoint);
  static_cast<void>(far.first_look());
  next = far.answered(entry("5", 7));
  REQUIRE(next.has_value());
  CHECK(next->version == 0);
  CHECK_FALSE(far.answered(sum(by / 2 + 6, 9)).has_value());  // Others have counted meanwhile.
  CHECK(far.outcome() == by / 2 + 6);
}

TEST_CASE("a large step on a classic server is counted once the counter was looked at",
          "[memcached][counters]") {
  Counting counter("n", std::int64_t{1} << 40U, endpoint);
  static_cast<void>(counter.first_look());
  auto next = counter.answered(entry("5", 7));
  REQUIRE(next.has_value());
  next = counter.answered(unsupported());
  REQUIRE(next.has_value());
  CHECK(next->verb == Verb::increment);
  CHECK_FALSE(next->versioned);
  CHECK(next->version == 0);
}
