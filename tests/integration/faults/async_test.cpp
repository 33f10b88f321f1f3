#include "rig.hpp"
#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"

#include <atomic>
#include <string>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

TEST_CASE("a call that nobody waits for and that ran out of time does not keep others from calling",
          "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  must(rig.cache().set("k", "v"));
  rig.proxy().stall();
  Gate done;
  std::string code;
  rig.cache().async_get("k", {.timeout = 20ms}).then([&](const auto& outcome) {
    code = code_of(outcome);
    done.open();
  });
  CHECK(done.wait());
  CHECK(code == "timeout");
  rig.proxy().pass();
  CHECK(must(rig.cache().get("k", {.timeout = 5s})) == "v");
}
