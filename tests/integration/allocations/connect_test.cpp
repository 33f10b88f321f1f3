// The first call of a client, which has to connect, with each allocation failing in turn.

#include "rig.hpp"
#include "support/catch.hpp"

#include <cstdint>

using namespace cachekit;
using namespace cachekit::test;

namespace {

constexpr const char* neighbour_key = "neighbour1";
constexpr const char* neighbour_value = "a value that belongs to neighbour 1";

}  // namespace

TEST_CASE("connect() for which there is no memory connects or is an error", "[allocations]") {
  CACHEKIT_FOR_ALL_SHORTAGES(kind, scope);
  Rig rig(kind);
  with_each_failure(
      "connect", scope, [&] { rig.begin_anew(); }, [&] { return rig.cache().connect(); },
      [&](const Result<void>& outcome) {
        static_cast<void>(checked_code(outcome));
        rig.check_neighbours();
      });
}

TEST_CASE("a first get for which there is no memory gives its value or an error", "[allocations]") {
  CACHEKIT_FOR_ALL_SHORTAGES(kind, scope);
  Rig rig(kind);
  const auto check = [&](const Result<std::optional<std::string>>& outcome) {
    if (checked_code(outcome) == "no error") CHECK(*outcome == neighbour_value);
    rig.check_neighbours();
  };
  SECTION("blocking") {
    with_each_failure(
        "first get", scope, [&] { rig.begin_anew(); },
        [&] { return rig.cache().get(neighbour_key); }, check);
  }
  SECTION("asynchronous") {
    with_each_failure(
        "first async_get", scope, [&] { rig.begin_anew(); },
        [&] { return rig.cache().async_get(neighbour_key).get(); }, check);
  }
}

TEST_CASE("a first batch for which there is no memory gives values or errors", "[allocations]") {
  CACHEKIT_FOR_ALL_SHORTAGES(kind, scope);
  Rig rig(kind);
  const std::vector<std::string_view> keys{"neighbour0", neighbour_key, "neighbour2", "neighbour3",
                                           "absent"};
  with_each_failure(
      "first get_many", scope, [&] { rig.begin_anew(); },
      [&] { return rig.cache().get_many(keys); },
      [&](const std::vector<Result<std::optional<std::string>>>& outcomes) {
        REQUIRE(outcomes.size() == keys.size());
        for (const auto& outcome : outcomes) static_cast<void>(checked_code(outcome));
        if (outcomes[1]) CHECK(*outcomes[1] == neighbour_value);
        if (outcomes[4]) CHECK(*outcomes[4] == std::nullopt);
        rig.check_neighbours();
      });
}

TEST_CASE("a first increment for which there is no memory counts once, or is an error that tells",
          "[allocations]") {
  CACHEKIT_FOR_ALL_SHORTAGES(kind, scope);
  Rig rig(kind);
  int counters = 0;
  std::string counter;
  with_each_failure(
      "first increment", scope,
      [&] {
        rig.begin_anew();
        counter = "a counter of its own " + std::to_string(++counters);
      },
      [&] { return rig.cache().increment(counter); },
      [&](const Result<std::int64_t>& outcome) {
        const std::string code = checked_code(outcome);
        rig.check_neighbours();
        const auto seen = must(rig.truth().increment(counter, 0));
        INFO(code);
        if (outcome) CHECK(*outcome == 1);
        if (code == "no error") CHECK(seen == 1);
        if (code == "outcome_unknown") CHECK((seen == 0 || seen == 1));
        if (code != "no error" && code != "outcome_unknown") CHECK(seen == 0);
      });
}

TEST_CASE("ping and stats for which there is no memory report every node, some perhaps with errors",
          "[allocations]") {
  CACHEKIT_FOR_ALL_SHORTAGES(kind, scope);
  Rig rig(kind);
  const bool anew = GENERATE(false, true);
  const auto prepare = [&] {
    if (anew) rig.begin_anew();
  };
  with_each_failure(
      "ping", scope, prepare, [&] { return rig.cache().ping(); },
      [&](const PingReport& report) {
        CHECK(report.nodes.size() == rig.nodes());
        rig.check_neighbours();
      });
  with_each_failure(
      "stats", scope, prepare, [&] { return rig.cache().stats(); },
      [&](const StatsReport& report) {
        CHECK(report.nodes.size() == rig.nodes());
        rig.check_neighbours();
      });
}

TEST_CASE("what describes a backend is whole or empty where there is no memory for it",
          "[allocations]") {
  CACHEKIT_FOR_ALL_SHORTAGES(kind, scope);
  const std::size_t more = GENERATE(std::size_t{0}, lasting);
  Rig rig(kind);
  const auto nothing = [] {};
  const std::string target = rig.cache().target();
  with_each_failure(
      "target", scope, nothing, [&] { return rig.cache().target(); },
      [&](const std::string& outcome) { CHECK((outcome.empty() || outcome == target)); }, more);
  with_each_failure(
      "connections", scope, nothing, [&] { return rig.cache().connections(); },
      [&](const std::vector<ConnectionStats>& outcome) {
        CHECK((outcome.empty() || outcome.size() == rig.nodes()));
      },
      more);
  const auto check_report = [&](const auto& report) {
    CHECK(report.nodes.size() <= rig.nodes());
    rig.check_neighbours();
  };
  with_each_failure(
      "ping", scope, nothing, [&] { return rig.cache().ping(); }, check_report, lasting);
  with_each_failure(
      "stats", scope, nothing, [&] { return rig.cache().stats(); }, check_report, lasting);
}
