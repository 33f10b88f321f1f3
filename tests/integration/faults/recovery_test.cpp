#include "rig.hpp"
#include "support/catch.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"
#include "support/scripted_server.hpp"

#include <csignal>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

TEST_CASE("an idle connection that the peer closed or reset costs the next call nothing",
          "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  must(rig.cache().set("k", "v"));
  for (int i = 1; i <= 10; ++i) {
    rig.proxy().close_connections();
    CHECK(must(rig.cache().get("k")) == "v");
    rig.proxy().close_connections();
    CHECK(must(rig.cache().increment("n")) == 2 * i - 1);
    rig.proxy().reset_connections();
    CHECK(must(rig.cache().get("k")) == "v");
    rig.proxy().reset_connections();
    CHECK(must(rig.cache().increment("n")) == 2 * i);
  }
  CHECK(must(rig.truth().increment("n", 0)) == 20);
}

TEST_CASE("a server that is gone is unavailable and not empty, and is found again when it is back",
          "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  auto direct = client_of(kind, rig.server().port());
  must(direct->set("k", "v"));
  rig.server().kill();
  for (int i = 0; i < 3; ++i) {
    const auto outcome = direct->get("k");
    CHECK(code_of(outcome) == "unavailable");
    CHECK(outcome.error().endpoint == rig.server().endpoint());
    CHECK_FALSE(outcome.error().message.empty());
    CHECK_FALSE(outcome.error().hint.empty());
    CHECK(code_of(direct->set("k", "new")) == "unavailable");
  }
  CHECK(direct->metrics().snapshot().misses == 0);
  rig.server().restart();
  CHECK(eventually(
      [&] { return direct->get("k").has_value(); }));  // The next attempt may be due later.
  CHECK(must(direct->get("k")) == std::nullopt);
  CHECK(must(direct->set("k", "new")));
}

TEST_CASE("the number of descriptors is flat over 10,000 faults", "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  must(rig.cache().set("k", "v"));
  const std::size_t before = open_descriptors();
  int failed = 0;
  for (int fault = 0; fault < 10'000; ++fault) {
    switch (fault % 4) {
      case 0:
        rig.proxy().reset_connections();
        break;
      case 1:
        rig.proxy().close_connections();
        break;
      case 2:
        rig.proxy().cut_replies_after(1, 2);
        break;
      case 3:
        rig.proxy().hold_replies();
        break;
    }
    if (!rig.cache().get("k", {.timeout = fault % 4 == 3 ? 2ms : patience})) ++failed;
    rig.proxy().pass();
  }
  CHECK(failed >= 2500);
  CHECK(must(rig.cache().get("k")) == "v");
  CHECK(eventually([&] { return open_descriptors() <= before; }));
}

TEST_CASE("writing to a peer that is gone is an error and not a signal", "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  REQUIRE(std::signal(SIGPIPE, SIG_DFL) == SIG_DFL);
  ScriptedServer server([kind](Peer& peer) {
    expect_greeting(kind, peer);
    peer.read_exactly(2);
    peer.reset();
  });
  const auto cache = client_of(kind, server.port());
  const std::string value(1'000'000, 'x');  // More than a socket buffers, so writing goes on.
  for (int i = 0; i < 50; ++i) {
    const std::string code = code_of(cache->set("k", value));
    CHECK((code == "outcome_unknown" || code == "unavailable"));
  }
}

TEST_CASE("packets of one byte each change nothing", "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  Rig rig(kind);
  rig.proxy().split_bytes();
  const std::string value = "line\r\nEND\r\n$-1\r\n" + std::string(3'000, 'x');
  must(rig.cache().set("k", value));
  CHECK(must(rig.cache().get("k")) == value);
  CHECK(must(rig.cache().get("absent")) == std::nullopt);
  CHECK(must(rig.cache().increment("n", 12)) == 12);
  CHECK(rig.cache().ping().ok());
}
