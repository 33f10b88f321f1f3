#include "support/catch.hpp"
#include "unit/expander/entities.hpp"

using namespace cachekit;
using namespace std::chrono_literals;

TEST_CASE("a TTL policy gives five minutes where nothing else is said", "[expander][ttl]") {
  CHECK(TtlPolicy().choose("user") == Ttl(5min));
  CHECK(TtlPolicy::fixed(Ttl(1h)).choose("user") == Ttl(1h));
  CHECK(TtlPolicy::infinite().choose("user") == Ttl::none());
}

TEST_CASE("the call's TTL goes before the type's, the type's before the one for all",
          "[expander][ttl]") {
  const auto policy =
      TtlPolicy::fixed(Ttl(1h)).for_type<User>(Ttl(2h)).for_prefix("country", Ttl::none());
  CHECK(policy.choose("page") == Ttl(1h));
  CHECK(policy.choose("user") == Ttl(2h));
  CHECK(policy.choose("country") == Ttl::none());
  CHECK(policy.choose("user", Ttl(3h)) == Ttl(3h));
  CHECK(policy.choose("user", Ttl::none()) == Ttl::none());
  CHECK(policy.choose("country", Ttl(1s)) == Ttl(1s));
}

TEST_CASE("a TTL policy refuses what no backend would take", "[expander][ttl]") {
  CHECK_FALSE(TtlPolicy::fixed(Ttl(0s)).choose("user"));
  CHECK_FALSE(TtlPolicy().choose("user", Ttl(-1s)));
  CHECK_FALSE(TtlPolicy().for_type<User>(Ttl(std::chrono::years(11))).choose("user"));
}

TEST_CASE("the chosen TTL is the backend's, the envelope's and the answer's", "[expander][ttl]") {
  Fixture t;
  CacheExpander expander(
      t.backend,
      {.ttl = TtlPolicy().for_type<User>(Ttl(2h)), .policy = {.jitter = 0}, .runtime = &t.runtime});
  CHECK(expander.fetch<User>(1, t.source.loader())->remaining == Ttl(2h));
  const auto& entry = t.backend.inner().entries.at("user:1");
  CHECK(entry.ttl == Ttl(2h));
  const auto envelope = decode_envelope(entry.value);
  REQUIRE(envelope);
  CHECK(*envelope->expiry - envelope->created == 2h);
}

TEST_CASE("an infinite TTL never runs out", "[expander][ttl]") {
  Fixture t;
  CHECK(t.fetch({.ttl = Ttl::none()})->remaining == Ttl::none());
  CHECK(t.backend.inner().entries.at("user:1").ttl == Ttl::none());
  t.runtime.advance(std::chrono::hours(24 * 365 * 50));
  auto fetched = t.fetch();
  CHECK(fetched->origin == Origin::cache);
  CHECK(fetched->remaining == Ttl::none());
}
