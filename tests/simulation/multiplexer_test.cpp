// Random schedules of the multiplexer. What fails is found again by its seed:
//
//     CACHEKIT_SIMULATION_SEED=17 build/dev/bin/simulation_multiplexer
//
// runs that one alone, and says step by step what it does. CACHEKIT_SIMULATION_SCHEDULES says how
// many are run, and CACHEKIT_SIMULATION_FIRST from which seed on.

#include "simulation/schedule.hpp"
#include "support/catch.hpp"

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

using namespace cachekit::test;

namespace {

std::optional<std::uint64_t> number_in(const char* variable) {
  const char* const text = std::getenv(variable);
  if (text == nullptr || *text == '\0') return std::nullopt;
  return std::stoull(text);
}

}  // namespace

TEST_CASE("no schedule loses, doubles, mixes up or misreports a completion", "[simulation]") {
  ScheduleTally tally;
  if (const auto seed = number_in("CACHEKIT_SIMULATION_SEED")) {
    const std::string wrong = run_schedule(*seed, true, tally);
    INFO(wrong);
    CHECK(wrong.empty());
    return;
  }
  const auto count = number_in("CACHEKIT_SIMULATION_SCHEDULES").value_or(CACHEKIT_SCHEDULES);
  const auto first = number_in("CACHEKIT_SIMULATION_FIRST").value_or(0);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    INFO("schedule " << seed);  // Where it ends the program, or never ends.
    const std::string wrong = run_schedule(seed, false, tally);
    INFO("CACHEKIT_SIMULATION_SEED=" << seed << " shows each step of: " << wrong);
    REQUIRE(wrong.empty());
  }
  // It goes where it is meant to go.
  if (count < 1000) return;
  CAPTURE(count, tally.calls, tally.answered, tally.unknown, tally.given_up, tally.lost,
          tally.links, tally.resent);
  CHECK(tally.answered > tally.calls / 3);
  for (const auto some : {tally.unknown, tally.given_up, tally.lost, tally.resent}) {
    CHECK(some > count / 20);
  }
  CHECK(tally.links > count);
}
