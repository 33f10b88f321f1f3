#include "subject.hpp"
#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"

#include <algorithm>
#include <chrono>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

// The shortest TTL that is worth waiting for.
std::chrono::milliseconds moment(const Subject& cache) {
  return std::max(std::chrono::milliseconds(50), cache->capabilities().ttl_resolution);
}

bool expires(const Subject& cache, const std::string& key) {
  return eventually([&] { return !must(cache->exists(key)); });
}

// A slow machine may have used some of it up already.
void check_remaining(const Subject& cache, const std::string& key,
                     std::chrono::milliseconds expected) {
  const std::optional<Ttl> left = must(cache->ttl(key));
  REQUIRE(left);
  REQUIRE(left->expires());
  // Of a server's clock that ticks so slowly, a tick may be late.
  CHECK(left->duration() <= expected + 2 * cache->capabilities().ttl_resolution);
  CHECK(left->duration() > expected - 30s);
}

}  // namespace

TEST_CASE("an entry goes when its TTL has passed, one with a longer TTL stays", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  must(cache->set(cache.key("short"), "v", {.ttl = moment(cache)}));
  must(cache->set(cache.key("long"), "v", {.ttl = 10min}));
  must(cache->set(cache.key("endless"), "v"));
  CHECK(expires(cache, cache.key("short")));
  CHECK(must(cache->get(cache.key("short"))) == std::nullopt);
  CHECK(must(cache->get(cache.key("long"))) == "v");
  CHECK(must(cache->get(cache.key("endless"))) == "v");
}

TEST_CASE("an expired entry counts as absent for every condition", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("k");
  must(cache->set(key, "old", {.ttl = moment(cache)}));
  CHECK(expires(cache, key));
  CHECK_FALSE(must(cache->set(key, "x", {.condition = SetCondition::if_present})));
  CHECK_FALSE(must(cache->touch(key, 1h)));
  CHECK_FALSE(must(cache->remove(key)));
  CHECK(must(cache->ttl(key)) == std::nullopt);
  CHECK(must(cache->set(key, "new", {.condition = SetCondition::if_absent})));
  CHECK(must(cache->get(key)) == "new");
}

TEST_CASE("a TTL below the backend's resolution is rounded up, never to 0 or to no expiry",
          "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("k");
  must(cache->set(key, "v", {.ttl = 1ms}));
  CHECK(expires(cache, key));
}

TEST_CASE("ttl tells what is left, none for no expiry, nothing for a miss", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  REQUIRE(cache->capabilities().remaining_ttl);
  must(cache->set(cache.key("k"), "v", {.ttl = 100s}));
  check_remaining(cache, cache.key("k"), 100s);
  must(cache->set(cache.key("endless"), "v"));
  CHECK(must(cache->ttl(cache.key("endless"))) == Ttl::none());
  CHECK(must(cache->ttl(cache.key("absent"))) == std::nullopt);
}

TEST_CASE("a TTL around the 30 days where Memcached starts to read dates is kept", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  for (const auto seconds : {2'591'999s, 2'592'000s, 2'592'001s, 30'000'000s}) {
    INFO(seconds.count() << " s");
    const std::string key = cache.key(std::to_string(seconds.count()));
    must(cache->set(key, "v", {.ttl = seconds}));
    CHECK(must(cache->get(key)) == "v");
    check_remaining(cache, key, seconds);
    must(cache->set(key, "v"));
    CHECK(must(cache->touch(key, seconds)));
    check_remaining(cache, key, seconds);
  }
}

TEST_CASE("a plain set takes away an older TTL", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  must(cache->set(cache.key("k"), "v", {.ttl = 100s}));
  must(cache->set(cache.key("k"), "v"));
  CHECK(must(cache->ttl(cache.key("k"))) == Ttl::none());
}

TEST_CASE("touch gives an entry a new TTL and leaves its value alone", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("k");
  CHECK_FALSE(must(cache->touch(key, 1h)));
  must(cache->set(key, "v", {.ttl = 100s}));
  CHECK(must(cache->touch(key, 1h)));
  check_remaining(cache, key, 1h);
  CHECK(must(cache->touch(key, Ttl::none())));
  CHECK(must(cache->ttl(key)) == Ttl::none());
  CHECK(must(cache->get(key)) == "v");
  CHECK(must(cache->touch(key, moment(cache))));
  CHECK(expires(cache, key));
}

TEST_CASE("the longest TTL is kept, anything above or not above zero is refused", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("k");
  must(cache->set(key, "v", {.ttl = Ttl::max}));
  check_remaining(cache, key, Ttl::max);
  must(cache->set(key, "old", {.ttl = 1h}));
  for (const Ttl bad : {Ttl(0s), Ttl(-1s), Ttl(Ttl::max + 1ms), Ttl(std::chrono::hours::max())}) {
    CHECK(code_of(cache->set(key, "new", {.ttl = bad})) == "invalid_argument");
    CHECK(code_of(cache->touch(key, bad)) == "invalid_argument");
    const SetItem item{.key = key, .value = "new", .ttl = bad};
    CHECK(code_of(cache->set_many({&item, 1}).at(0)) == "invalid_argument");
  }
  CHECK(must(cache->get(key)) == "old");
  check_remaining(cache, key, 1h);
}
