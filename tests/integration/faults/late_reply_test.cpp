// Callers whose budgets are below the round trip: a reply that comes late is no dead peer. It is
// awaited and thrown away, and the connection stays.

#include "rig.hpp"
#include "support/catch.hpp"
#include "support/crew.hpp"
#include "support/cutting_server.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

constexpr auto hasty = 10ms;

std::string value_of(unsigned i) { return "the value of " + std::to_string(i); }

std::uint64_t reconnects(CacheBackend& cache) { return cache.connections().at(0).reconnects; }

// What callers with a key each saw.
struct Seen {
  std::atomic<int> right{0}, late{0}, wrong{0}, other{0};

  void note(const Result<std::optional<std::string>>& outcome, unsigned caller) {
    if (outcome) ++(*outcome == value_of(caller) ? right : wrong);
    if (!outcome) ++(outcome.error().code == Errc::timeout ? late : other);
  }
};

void store_values(CacheBackend& cache, unsigned callers) {
  for (unsigned i = 0; i < callers; ++i) must(cache.set(std::to_string(i), value_of(i)));
}

}  // namespace

TEST_CASE("replies that come when their calls have given up cost no connection", "[faults][late]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  const unsigned callers = GENERATE(1U, 3U, 16U);
  INFO(callers << " callers");
  Rig rig(kind);
  store_values(rig.cache(), callers);
  const std::uint64_t before = reconnects(rig.cache());
  Seen seen;
  for (int round = 0; round < 10; ++round) {
    rig.proxy().hold_replies();
    in_parallel(callers, [&](unsigned i) {
      for (int call = 0; call < 3; ++call) {
        seen.note(rig.cache().get(std::to_string(i), {.timeout = hasty}), i);
      }
    });
    rig.proxy().pass();
    in_parallel(callers, [&](unsigned i) { seen.note(rig.cache().get(std::to_string(i)), i); });
  }
  CHECK(seen.late == static_cast<int>(callers) * 30);
  CHECK(seen.right == static_cast<int>(callers) * 10);
  CHECK(seen.wrong == 0);
  CHECK(seen.other == 0);
  CHECK(reconnects(rig.cache()) == before);  // The longest silence is far longer than all this.
}

TEST_CASE("a write whose reply comes late is not sent again and costs no connection",
          "[faults][late]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  must(rig.cache().increment("n"));
  const std::uint64_t before = reconnects(rig.cache());
  for (int round = 0; round < 10; ++round) {
    rig.proxy().hold_replies();
    CHECK(code_of(rig.cache().increment("n", 1, {.timeout = hasty})) == "outcome_unknown");
    CHECK(code_of(rig.cache().async_increment("n", 1, {.timeout = hasty}).get()) ==
          "outcome_unknown");
    rig.proxy().pass();
    CHECK(must(rig.cache().increment("n")) == 3 * round + 4);
  }
  CHECK(reconnects(rig.cache()) == before);
}

TEST_CASE("with a budget below the round trip connections are made anew once in a silence at most",
          "[faults][late]") {
  const unsigned callers = GENERATE(1U, 3U, 16U);
  INFO(callers << " callers");
  constexpr auto longest_silence = 500ms;
  constexpr auto round_trip = 60ms;
  CuttingServer server;
  const auto cache = client_of(Kind::redis, server.port(), longest_silence);
  store_values(*cache, callers);
  const std::uint64_t before = reconnects(*cache);
  server.delay_replies(round_trip);
  Seen seen;
  const auto begun = std::chrono::steady_clock::now();
  in_parallel(callers, [&](unsigned i) {
    for (int call = 0; call < 60; ++call) {
      seen.note(cache->get(std::to_string(i), {.timeout = 20ms}), i);
    }
  });
  const auto silences = (std::chrono::steady_clock::now() - begun) / longest_silence;
  CHECK(seen.wrong == 0);
  CHECK(seen.other == 0);
  CHECK(seen.late > 0);
  CHECK(reconnects(*cache) - before <= static_cast<std::uint64_t>(silences) + 1);
  server.delay_replies(0ms);
  in_parallel(callers, [&](unsigned i) {
    seen.note(cache->get(std::to_string(i), {.timeout = patience}), i);
  });
  CHECK(seen.right >= static_cast<int>(callers));
  CHECK(seen.wrong == 0);
  CHECK(server.failures().empty());
}
