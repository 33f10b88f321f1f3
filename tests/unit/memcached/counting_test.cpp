#include "memcached/counting.hpp"

#include "support/catch.hpp"

#include <chrono>
#include <string>

using namespace cachekit;
using namespace cachekit::memcached;
using namespace std::chrono_literals;

namespace {

const std::string endpoint = "server:1";

Reply entry(const std::string& value, std::uint64_t version) {
  Reply reply;
  reply.status = Reply::Status::done;
  reply.value = value;
  reply.version = version;
  return reply;
}

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
  const auto next = counter.tried(entry("05", 7), entry("6", 8));
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
  const std::string most = "9223372036854775807";
  Counting counter(most, 1, endpoint);
  auto next = counter.tried(entry(most, 7), entry("9223372036854775808", 8));
  Reply refused;
  refused.status = Reply::Status::refused;
  for (std::uint64_t round = 0; round < 100; ++round) {
    REQUIRE(next.has_value());
    CHECK(next->verb == Verb::increment);
    next = counter.answered(refused);  // Somebody was faster.
    REQUIRE(next.has_value());
    CHECK(next->verb == Verb::inspect);
    next = counter.answered(entry("9223372036854775810", 9 + round));
  }
  REQUIRE(next.has_value());
  CHECK_FALSE(counter.answered(fail(Errc::timeout, "too late")).has_value());
  CHECK(counter.outcome().error().code == Errc::outcome_unknown);
}
