#include "rig.hpp"
#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"

#include <atomic>
#include <thread>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

TEST_CASE("a look-up that timed out is an error, never a miss", "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  must(rig.cache().set("k", "v"));
  rig.proxy().stall();
  const CallOptions hasty{.timeout = 50ms};
  const std::vector<std::string_view> keys{"k", "absent"};
  CHECK(code_of(rig.cache().get("k", hasty)) == "timeout");
  CHECK(code_of(rig.cache().exists("k", hasty)) == "timeout");
  CHECK(code_of(rig.cache().ttl("k", hasty)) == "timeout");
  for (const auto& outcome : rig.cache().get_many(keys, hasty)) {
    CHECK(code_of(outcome) == "timeout");
  }
  const MetricsSnapshot seen = rig.cache().metrics().snapshot();
  CHECK(seen.misses == 0);
  CHECK(seen.hits == 0);
  CHECK(seen.errors == 5);
}

TEST_CASE("a reply that comes after its call gave up reaches no other caller", "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  constexpr int rounds = 25;
  for (int i = 0; i <= rounds; ++i) must(rig.truth().set(std::to_string(i), std::to_string(i)));
  for (int i = 0; i < rounds; ++i) {
    rig.proxy().hold_replies();
    CHECK(code_of(rig.cache().get(std::to_string(i), {.timeout = 20ms})) == "timeout");
    rig.proxy().pass();
    CHECK(must(rig.cache().get(std::to_string(i + 1))) == std::to_string(i + 1));
  }
}

TEST_CASE("many threads under timeouts, resets and cuts read only values of their own keys",
          "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  constexpr unsigned key_count = 50;
  for (unsigned i = 0; i < key_count; ++i) {
    must(rig.truth().set(std::to_string(i), "value of " + std::to_string(i)));
  }
  std::atomic<bool> over{false};
  std::atomic<int> right{0}, wrong{0}, misses{0};
  const auto read = [&](unsigned seed) {
    for (unsigned i = seed; !over; ++i) {
      const std::string key = std::to_string(i % key_count);
      const auto value = rig.cache().get(key, {.timeout = 20ms});
      if (!value) continue;
      ++(!*value ? misses : **value == "value of " + key ? right : wrong);
    }
  };
  std::vector<std::thread> readers;
  for (unsigned seed = 0; seed < 8; ++seed) readers.emplace_back(read, seed);
  for (unsigned round = 0; round < 60; ++round) {
    const int before = right;
    if (round % 3 == 0) rig.proxy().hold_replies();
    if (round % 3 == 1) rig.proxy().reset_connections();
    if (round % 3 == 2) rig.proxy().cut_replies_after(round, 3);
    const auto errors = [&] { return rig.cache().metrics().snapshot().errors; };
    if (round % 3 == 0) CHECK(eventually([&, seen = errors()] { return errors() > seen; }));
    rig.proxy().pass();
    CHECK(eventually([&] { return right > before; }));
  }
  over = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(wrong == 0);
  CHECK(misses == 0);
  CHECK(right > 0);
}

TEST_CASE("a stopped server costs a call its budget and no more, and is used again when it goes on",
          "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  auto direct = client_of(kind, rig.server().port(), 100ms);
  must(direct->set("k", "v", {.timeout = patience}));
  rig.server().stop();
  CHECK(code_of(direct->get("k")) == "timeout");  // On the connection that was open.
  CHECK(code_of(direct->get("k")) == "timeout");  // On one that the kernel accepts meanwhile.
  CHECK(code_of(direct->set("k", "new")) != "no error");
  CHECK_FALSE(direct->ping().ok());
  CHECK(direct->stats().nodes.at(0).error);
  rig.server().resume();
  CHECK(must(direct->get("k", {.timeout = patience})));
}
