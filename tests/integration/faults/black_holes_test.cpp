// Peers that take what they are sent and say nothing, and many callers at once. How long a call may
// take is measured elsewhere; here nobody may be forgotten.

#include "rig.hpp"
#include "support/black_hole.hpp"
#include "support/catch.hpp"
#include "support/crew.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"

#include <array>
#include <atomic>
#include <string>
#include <thread>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

constexpr unsigned callers = 16;

struct Calls {
  std::atomic<int> timely{0}, other{0};

  void see(const std::string& code, bool write) {
    const bool fits =
        code == "timeout" || code == "unavailable" || (write && code == "outcome_unknown");
    ++(fits ? timely : other);
  }
};

// Each of them calls four times, and must be told each time that nothing came.
void check_that_all_come_back(CacheBackend& cache, std::chrono::milliseconds budget) {
  Calls codes;
  in_parallel(callers, [&](unsigned thread) {
    const std::string key = "key" + std::to_string(thread);
    const std::array<std::string_view, 2> keys{key, "k"};
    codes.see(code_of(cache.get(key, {.timeout = budget})), false);
    codes.see(code_of(cache.set(key, "v", {.timeout = budget})), true);
    for (const auto& one : cache.get_many(keys, {.timeout = budget}))
      codes.see(code_of(one), false);
    codes.see(code_of(cache.increment("n", 1, {.timeout = budget})), true);
  });
  CHECK(codes.timely == callers * 5);
  CHECK(codes.other == 0);
}

void check_that_all_are_served(CacheBackend& cache) {
  std::atomic<unsigned> served{0};
  CHECK(eventually([&] {
    served = 0;
    in_parallel(callers, [&](unsigned) { served += cache.get("k") == "v" ? 1 : 0; });
    return served == callers;
  }));
}

}  // namespace

TEST_CASE("many callers of a server that hangs all come back, and are served when it goes on",
          "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  must(rig.cache().set("k", "v"));
  SECTION("the process is stopped") {
    rig.server().stop();
    check_that_all_come_back(rig.cache(), 60ms);
    rig.server().resume();
  }
  SECTION("the network takes everything and gives nothing back") {
    rig.proxy().stall();
    check_that_all_come_back(rig.cache(), 60ms);
    rig.proxy().pass();
  }
  SECTION("only the replies are lost") {
    rig.proxy().hold_replies();
    check_that_all_come_back(rig.cache(), 60ms);
    rig.proxy().pass();
  }
  check_that_all_are_served(rig.cache());
}

TEST_CASE("many callers of a host that swallows connections all come back", "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  BlackHole hole;
  check_that_all_come_back(*client_of(kind, hole.port()), 60ms);
}

TEST_CASE("callers with time wait on while others on the same connection give up", "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  for (unsigned i = 0; i < callers; ++i) {
    must(rig.truth().set("key" + std::to_string(i), "value of " + std::to_string(i)));
  }
  const auto errors = [&] { return rig.cache().metrics().snapshot().errors; };
  for (int round = 0; round < 5; ++round) {
    rig.proxy().hold_replies();
    const auto errors_before = errors();
    std::thread release([&] {
      static_cast<void>(eventually([&] { return errors() == errors_before + callers / 2; }));
      rig.proxy().pass();
    });
    std::atomic<unsigned> right{0}, timeouts{0};
    in_parallel(callers, [&](unsigned i) {
      const bool hasty = i % 2 == 0;
      const auto value =
          rig.cache().get("key" + std::to_string(i), {.timeout = hasty ? 20ms : patience});
      right += value == "value of " + std::to_string(i) ? 1 : 0;
      timeouts += code_of(value) == "timeout" ? 1 : 0;
    });
    release.join();
    CHECK(timeouts == callers / 2);
    CHECK(right == callers / 2);
  }
}
