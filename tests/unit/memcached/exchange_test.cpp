#include "memcached/exchange.hpp"

#include "support/catch.hpp"

#include <string>

using namespace cachekit;
using namespace cachekit::memcached;
using namespace std::chrono_literals;

namespace {

const std::string node = "server:1";
const operation::CompareAndSet from_a_to_b{.key = "k", .expected = "a", .value = "b", .ttl = 7s};

Reply found(const std::string& value, std::uint64_t version) {
  Reply reply;
  reply.status = Reply::Status::done;
  reply.value = value;
  reply.version = version;
  return reply;
}

Reply told(Reply::Status status) {
  Reply reply;
  reply.status = status;
  return reply;
}

}  // namespace

TEST_CASE("an exchange looks, and stores under the version that it saw", "[memcached][compare]") {
  Exchange exchange(from_a_to_b, node);
  const auto look = exchange.begin();
  REQUIRE(look);
  CHECK(look->verb == Verb::gets);
  CHECK(look->key == "k");
  CHECK(exchange.in_doubt() == Errc::overloaded);
  const auto change = exchange.answered(found("a", 12));
  REQUIRE(change);
  CHECK(change->verb == Verb::store);
  CHECK(change->value == "b");
  CHECK(change->expiry == 7);
  CHECK(change->version == 12);
  CHECK(exchange.in_doubt() == Errc::outcome_unknown);
  CHECK_FALSE(exchange.answered(told(Reply::Status::done)));
  CHECK(exchange.outcome().value());
}

TEST_CASE("what is missing or another value is not exchanged", "[memcached][compare]") {
  for (const Reply& reply : {told(Reply::Status::missing), found("b", 12), found("", 12)}) {
    Exchange exchange(from_a_to_b, node);
    REQUIRE(exchange.begin());
    CHECK_FALSE(exchange.answered(reply));
    CHECK_FALSE(exchange.outcome().value());
  }
}

TEST_CASE("an exchange that lost a race looks anew, and not for ever", "[memcached][compare]") {
  Exchange exchange(from_a_to_b, node);
  auto next = exchange.begin();
  int looks = 0;
  while (next && looks < 100) {
    if (next->verb == Verb::gets) ++looks;
    next =
        exchange.answered(next->verb == Verb::gets ? found("a", 12) : told(Reply::Status::refused));
  }
  CHECK(looks == 8);
  CHECK(exchange.outcome().error().code == Errc::overloaded);
  Exchange late(from_a_to_b, node);
  REQUIRE(late.begin());
  REQUIRE(late.answered(found("a", 12)));
  REQUIRE(late.answered(told(Reply::Status::refused)));
  CHECK_FALSE(late.answered(found("c", 13)));
  CHECK_FALSE(late.outcome().value());
}

TEST_CASE("a change that was not answered is not asked again", "[memcached][compare]") {
  Exchange exchange(from_a_to_b, node);
  REQUIRE(exchange.begin());
  REQUIRE(exchange.answered(found("a", 12)));
  CHECK_FALSE(exchange.answered(fail(Errc::outcome_unknown, "lost")));
  CHECK(exchange.outcome().error().code == Errc::outcome_unknown);
}

TEST_CASE("a server that counts no versions cannot compare", "[memcached][compare]") {
  Exchange exchange(from_a_to_b, node);
  REQUIRE(exchange.begin());
  CHECK_FALSE(exchange.answered(found("a", 0)));
  CHECK(exchange.outcome().error().code == Errc::unsupported);
}

TEST_CASE("a value that the server finds too large has the older one removed",
          "[memcached][compare]") {
  Exchange exchange(from_a_to_b, node);
  REQUIRE(exchange.begin());
  REQUIRE(exchange.answered(found("a", 12)));
  const auto removal = exchange.answered(fail(Errc::too_large, "too large"));
  REQUIRE(removal);
  CHECK(removal->verb == Verb::remove);
  CHECK(removal->version == 12);
  SECTION("which somebody may have written anew") {
    CHECK_FALSE(exchange.answered(told(Reply::Status::refused)));
    CHECK(exchange.outcome().error().message == "too large");
  }
  SECTION("and says where that failed") {
    CHECK_FALSE(exchange.answered(fail(Errc::unavailable, "gone")));
    CHECK(exchange.outcome().error().message.find("could not be removed") != std::string::npos);
  }
  CHECK(exchange.outcome().error().code == Errc::too_large);
}

TEST_CASE("an exchange that discards removes the version that it saw", "[memcached][compare]") {
  operation::CompareAndSet discards = from_a_to_b;
  discards.discard = true;
  Exchange exchange(discards, node);
  REQUIRE(exchange.begin());
  const auto removal = exchange.answered(found("a", 12));
  REQUIRE(removal);
  CHECK(removal->verb == Verb::remove);
  CHECK(removal->version == 12);
  CHECK(exchange.in_doubt() == Errc::outcome_unknown);
  CHECK_FALSE(exchange.answered(told(Reply::Status::done)));
  CHECK(exchange.outcome().value());
}

TEST_CASE("a TTL beyond the server's calendar is refused before anything is asked",
          "[memcached][compare]") {
  operation::CompareAndSet late = from_a_to_b;
  late.ttl = Ttl::max;
  Exchange exchange(late, node);
  const auto next = exchange.begin();
  if (next) return;  // Its calendar holds it.
  CHECK(exchange.outcome().error().code == Errc::invalid_argument);
}
