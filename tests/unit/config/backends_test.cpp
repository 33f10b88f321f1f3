// The registry of backends: what it says of each agrees with what the configuration has.

#include "config/backends/registry.hpp"
#include "config/environment.hpp"
#include "config/option_table.hpp"
#include "support.hpp"
#include "support/catch.hpp"

#include <algorithm>

using namespace cachekit;
using namespace cachekit::config;

TEST_CASE("every backend is found by its name, and its options by theirs", "[config][backends]") {
  REQUIRE(backends::all().size() == backend_kinds().size());
  for (const BackendKind kind : backend_kinds()) {
    const BackendFacts& facts = facts_of(kind);
    CAPTURE(facts.name);
    CHECK(backends::find(facts.name) == kind);
    CHECK(to_string(kind) == facts.name);
    for (const std::string_view key : {facts.server_option, facts.pool_option}) {
      if (key.empty()) continue;
      REQUIRE(find_option(key) != nullptr);
      CHECK(belongs_to(*find_option(key), kind));
    }
    Settings settings{.backend = kind};
    settings.memcached.servers = {"localhost"};
    const auto made = make_backend(settings);
    REQUIRE(made);
    CHECK((*made)->name() == facts.name);
    CHECK((*made)->tier() == facts.tier);
  }
  CHECK_FALSE(backends::find("Redis"));
  CHECK_FALSE(backends::find(""));
  CHECK(backends::names() == "memory, redis or memcached");
}

TEST_CASE("a kind of backend that there is not is refused", "[config][backends]") {
  const auto made = make_backend({.backend = static_cast<BackendKind>(3)});
  REQUIRE_FALSE(made);
  CHECK(made.error().code == Errc::invalid_argument);
}

TEST_CASE("servers are counted as the settings name them", "[config][backends]") {
  CHECK(server_count({}) == 0);
  CHECK(server_count({.backend = BackendKind::redis}) == 1);
  Settings fleet{.backend = BackendKind::memcached};
  CHECK(server_count(fleet) == 0);
  fleet.memcached.servers = {"a", "b:11212", "/run/memcached.sock"};
  CHECK(server_count(fleet) == 3);
}

TEST_CASE("a scheme that there is not is answered with those that there are",
          "[config][backends]") {
  Settings settings;
  const Result<void> applied = apply_url(settings, "http://localhost");
  REQUIRE_FALSE(applied);
  CHECK(applied.error().hint ==
        "the schemes are memory:, memory:FILE, redis://, redis+unix:// and memcached://");
}

TEST_CASE("what a server tells of its bounds is judged for Redis alone", "[config][backends]") {
  const auto advice_of = [](BackendKind kind, const NodeStats& node) {
    return check_best_practices({.backend = kind}, node);
  };
  const NodeStats endless{.endpoint = "a:1"};
  REQUIRE(advice_of(BackendKind::redis, endless).size() == 1);
  CHECK(advice_of(BackendKind::redis, endless).front().what.find("a:1 has no maxmemory") == 0);
  CHECK(advice_of(BackendKind::memcached, endless).empty());
  NodeStats bounded{.endpoint = "a:1", .raw = {{"maxmemory_policy", "noeviction"}}};
  bounded.max_bytes = 1000;
  REQUIRE(advice_of(BackendKind::redis, bounded).size() == 1);
  CHECK(advice_of(BackendKind::redis, bounded).front().what.find("noeviction") !=
        std::string::npos);
  bounded.raw = {{"maxmemory_policy", "allkeys-lru"}};
  CHECK(advice_of(BackendKind::redis, bounded).empty());
  const NodeStats silent{.endpoint = "a:1", .error = Error{Errc::timeout, "silent"}};
  CHECK(advice_of(BackendKind::redis, silent).empty());
}
