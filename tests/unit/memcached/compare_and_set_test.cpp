#include "memcached/compare_and_set.hpp"

#include "support/catch.hpp"
#include "unit/memcached/replies.hpp"

#include <chrono>
#include <string>

using namespace cachekit;
using namespace cachekit::memcached;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

const std::string node = "server:1";
const operation::CompareAndSet from_a_to_b{.key = "k", .expected = "a", .value = "b", .ttl = 7s};

}  // namespace

TEST_CASE("a comparison looks, and stores under the version that it saw", "[memcached][compare]") {
  CompareAndSetSteps steps(from_a_to_b, node);
  const auto look = steps.begin();
  REQUIRE(look);
  CHECK(look->verb == Verb::gets);
  CHECK(look->key == "k");
  CHECK(steps.in_doubt() == Errc::overloaded);
  const auto change = steps.answered(entry("a", 12));
  REQUIRE(change);
  CHECK(change->verb == Verb::store);
  CHECK(change->value == "b");
  CHECK(change->expiry == 7);
  CHECK(change->version == 12);
  CHECK(steps.in_doubt() == Errc::outcome_unknown);
  CHECK_FALSE(steps.answered(told(Reply::Status::done)));
  CHECK(steps.outcome().value());
}

TEST_CASE("what is missing or another value is not replaced", "[memcached][compare]") {
  for (const Reply& reply : {told(Reply::Status::missing), entry("b", 12), entry("", 12)}) {
    CompareAndSetSteps steps(from_a_to_b, node);
    REQUIRE(steps.begin());
    CHECK_FALSE(steps.answered(reply));
    CHECK_FALSE(steps.outcome().value());
  }
}

TEST_CASE("a comparison that lost a race looks anew, and not for ever", "[memcached][compare]") {
  CompareAndSetSteps steps(from_a_to_b, node);
  auto next = steps.begin();
  int looks = 0;
  while (next && looks < 100) {
    if (next->verb == Verb::gets) ++looks;
    next = steps.answered(next->verb == Verb::gets ? entry("a", 12) : told(Reply::Status::refused));
  }
  CHECK(looks == 8);
  CHECK(steps.outcome().error().code == Errc::overloaded);
  CompareAndSetSteps late(from_a_to_b, node);
  REQUIRE(late.begin());
  REQUIRE(late.answered(entry("a", 12)));
  REQUIRE(late.answered(told(Reply::Status::refused)));
  CHECK_FALSE(late.answered(entry("c", 13)));
  CHECK_FALSE(late.outcome().value());
}

TEST_CASE("a change that was not answered is not asked again", "[memcached][compare]") {
  CompareAndSetSteps steps(from_a_to_b, node);
  REQUIRE(steps.begin());
  REQUIRE(steps.answered(entry("a", 12)));
  CHECK_FALSE(steps.answered(fail(Errc::outcome_unknown, "lost")));
  CHECK(steps.outcome().error().code == Errc::outcome_unknown);
}

TEST_CASE("a server that counts no versions cannot compare", "[memcached][compare]") {
  CompareAndSetSteps steps(from_a_to_b, node);
  REQUIRE(steps.begin());
  CHECK_FALSE(steps.answered(entry("a", 0)));
  CHECK(steps.outcome().error().code == Errc::unsupported);
}

TEST_CASE("a value that the server finds too large has the older one removed",
          "[memcached][compare]") {
  CompareAndSetSteps steps(from_a_to_b, node);
  REQUIRE(steps.begin());
  REQUIRE(steps.answered(entry("a", 12)));
  const auto removal = steps.answered(fail(Errc::too_large, "too large"));
  REQUIRE(removal);
  CHECK(removal->verb == Verb::remove);
  CHECK(removal->version == 12);
  SECTION("which somebody may have written anew") {
    CHECK_FALSE(steps.answered(told(Reply::Status::refused)));
    CHECK(steps.outcome().error().message == "too large");
  }
  SECTION("and says where that failed") {
    CHECK_FALSE(steps.answered(fail(Errc::unavailable, "gone")));
    CHECK(steps.outcome().error().message.find("could not be removed") != std::string::npos);
  }
  CHECK(steps.outcome().error().code == Errc::too_large);
}

TEST_CASE("a comparison that discards removes the version that it saw", "[memcached][compare]") {
  operation::CompareAndSet discards = from_a_to_b;
  discards.discard = true;
  CompareAndSetSteps steps(discards, node);
  REQUIRE(steps.begin());
  const auto removal = steps.answered(entry("a", 12));
  REQUIRE(removal);
  CHECK(removal->verb == Verb::remove);
  CHECK(removal->version == 12);
  CHECK(steps.in_doubt() == Errc::outcome_unknown);
  CHECK_FALSE(steps.answered(told(Reply::Status::done)));
  CHECK(steps.outcome().value());
}

TEST_CASE("a TTL beyond the server's calendar is refused before anything is asked",
          "[memcached][compare]") {
  operation::CompareAndSet late = from_a_to_b;
  late.ttl = Ttl::max;
  const Runtime::wall_time in_2030{std::chrono::seconds(1'900'000'000)};
  CompareAndSetSteps steps(late, node);
  CHECK_FALSE(steps.begin(in_2030));
  CHECK(steps.outcome().error().code == Errc::invalid_argument);
  late.ttl = 40 * 24h;
  CompareAndSetSteps sooner(late, node);
  REQUIRE(sooner.begin(in_2030));
  const auto change = sooner.answered(entry("a", 12));
  REQUIRE(change);
  CHECK(change->expiry == 1'900'000'000 + 40 * 86'400);
}
