// Comparing and setting, where the contract tests do not reach: on classic servers, on such that
// count no versions, and with servers that say nothing.

#include "classic_proxy.hpp"
#include "support.hpp"
#include "support/results.hpp"
#include "support/scripted_server.hpp"

#include <array>
#include <string>
#include <vector>

using namespace cachekit;
using namespace std::chrono_literals;
using operation::CompareAndSet;
using test::code_of;
using test::must;
using Manner = test::ClassicProxy::Manner;

namespace {

Result<bool> swap(CacheBackend& backend, const CompareAndSet& one, bool waiting) {
  return waiting ? backend.run(one) : backend.start(one).get();
}

void greet(test::Peer& peer) {
  peer.expect("mn\r\n");
  peer.send("MN\r\n");
}

}  // namespace

TEST_CASE("a classic server compares and sets by gets and cas", "[memcached][integration]") {
  const bool waiting = GENERATE(true, false);
  const test::ClassicProxy proxy(test::shared_memcached().port(), Manner::answers_error);
  MemcachedBackend backend(test::config_of({proxy.endpoint()}));
  MemcachedBackend direct(test::config_of({test::shared_memcached().endpoint()}));
  const std::string all = test::all_bytes();
  REQUIRE(backend.remove("swap"));
  CHECK_FALSE(must(swap(backend, {.key = "swap", .expected = "", .value = "x"}, waiting)));
  must(backend.set("swap", ""));
  CHECK(must(swap(backend, {.key = "swap", .expected = "", .value = all, .ttl = 1h}, waiting)));
  CHECK(must(direct.ttl("swap"))->expires());
  CHECK_FALSE(must(swap(backend, {.key = "swap", .expected = "x", .value = "y"}, waiting)));
  CHECK(must(swap(backend, {.key = "swap", .expected = all, .value = "\r\nEND\r\n"}, waiting)));
  CHECK(backend.get("swap") == "\r\nEND\r\n");
  CHECK(must(direct.ttl("swap")) == Ttl::none());
}

TEST_CASE("a classic batch exchanges one key several times", "[memcached][integration]") {
  const test::ClassicProxy proxy(test::shared_memcached().port(), Manner::answers_error);
  MemcachedBackend backend(test::config_of({proxy.endpoint()}));
  must(backend.set("swap", "0"));
  const std::vector<CompareAndSet> batch{{.key = "swap", .expected = "0", .value = "1"},
                                         {.key = "has spaces", .expected = "0", .value = "1"},
                                         {.key = "swap", .expected = "0", .value = "2"},
                                         {.key = "swap", .expected = "1", .value = "3"}};
  const auto outcomes = backend.run_many<CompareAndSet>(batch);
  CHECK(must(outcomes.at(0)));
  CHECK(code_of(outcomes.at(1)) == "invalid_argument");
  CHECK_FALSE(must(outcomes.at(2)));
  CHECK(must(outcomes.at(3)));
  CHECK(backend.get("swap") == "3");
}

TEST_CASE("of a value that is too large for a classic server no older one is left",
          "[memcached][integration]") {
  const bool waiting = GENERATE(true, false);
  const test::ClassicProxy proxy(test::shared_memcached().port(), Manner::answers_error);
  MemcachedBackend backend(test::config_of({proxy.endpoint()}));
  const std::string huge(2'000'000, 'v');
  must(backend.set("swap", "old"));
  CHECK(code_of(swap(backend, {.key = "swap", .expected = "old", .value = huge}, waiting)) ==
        "too_large");
  CHECK(backend.get("swap") == std::nullopt);
  must(backend.set("swap", "another"));
  CHECK_FALSE(must(swap(backend, {.key = "swap", .expected = "old", .value = huge}, waiting)));
  CHECK(backend.get("swap") == "another");
}

TEST_CASE("an own bound on values removes only what was expected", "[memcached][integration]") {
  const bool waiting = GENERATE(true, false);
  const bool classic = GENERATE(true, false);
  const test::ClassicProxy proxy(test::shared_memcached().port(), Manner::answers_error);
  MemcachedConfig config =
      test::config_of({classic ? proxy.endpoint() : test::shared_memcached().endpoint()});
  config.max_value = {10};
  MemcachedBackend backend(config);
  must(backend.set("swap", "old"));
  CHECK(code_of(swap(backend, {.key = "swap", .expected = "x", .value = "12345678901"}, waiting)) ==
        "too_large");
  CHECK(backend.get("swap") == "old");
  CHECK(code_of(swap(backend, {.key = "swap", .expected = "old", .value = "12345678901"},
                     waiting)) == "too_large");
  CHECK(backend.get("swap") == std::nullopt);
}

TEST_CASE("a server that counts no versions is asked to change nothing",
          "[memcached][integration]") {
  test::ScriptedServer server([](test::Peer& peer) {
    greet(peer);
    peer.expect("mg swap c v\r\n");
    peer.send("VA 1 c0\r\na\r\n");
    peer.stall();
  });
  MemcachedBackend backend(test::config_of({server.endpoint()}));
  CHECK(code_of(backend.run(CompareAndSet{.key = "swap", .expected = "a", .value = "b"})) ==
        "unsupported");
  CHECK(server.failures().empty());
}

TEST_CASE("a change that was sent and not answered is in doubt, and is not sent again",
          "[memcached][integration]") {
  const int way = GENERATE(0, 1, 2);
  test::ScriptedServer server([](test::Peer& peer) {
    greet(peer);
    peer.expect("mg swap c v\r\n");
    peer.send("VA 1 c7\r\na\r\n");
    peer.expect("ms swap 1 T0 C7\r\nb\r\n");
  });
  MemcachedBackend backend(test::config_of({server.endpoint()}));
  const CompareAndSet one{.key = "swap", .expected = "a", .value = "b"};
  const auto outcome = way == 0   ? backend.run(one)
                       : way == 1 ? backend.start(one).get()
                                  : backend.run_many<CompareAndSet>(std::array{one, one}).at(0);
  CHECK(code_of(outcome) == "outcome_unknown");
  const std::string seen = server.received();
  const std::size_t first = seen.find("ms swap");
  REQUIRE(first != std::string::npos);
  if (way < 2) CHECK(seen.find("ms swap", first + 1) == std::string::npos);
}

TEST_CASE("an exchange whose look is not answered has changed nothing",
          "[memcached][integration]") {
  const bool waiting = GENERATE(true, false);
  test::ScriptedServer server([](test::Peer& peer) {
    greet(peer);
    peer.stall();
  });
  MemcachedBackend backend(test::config_of({server.endpoint()}));
  const CompareAndSet one{.key = "swap", .expected = "a", .value = "b"};
  const CallOptions soon{.timeout = 200ms};
  CHECK(code_of(waiting ? backend.run(one, soon) : backend.start(one, soon).get()) == "timeout");
}

TEST_CASE("a withdrawn exchange ends, and says whether it may have happened",
          "[memcached][integration]") {
  test::Gate changing;
  test::ScriptedServer server([&](test::Peer& peer) {
    greet(peer);
    peer.expect("mg swap c v\r\n");
    peer.send("VA 1 c7\r\na\r\n");
    peer.expect("ms swap 1 T0 C7\r\nb\r\n");
    changing.open();
    peer.stall();
  });
  MemcachedBackend backend(test::config_of({server.endpoint()}));
  auto pending = backend.start(CompareAndSet{.key = "swap", .expected = "a", .value = "b"});
  REQUIRE(changing.wait());
  pending.cancel();
  CHECK(code_of(pending.get()) == "outcome_unknown");
}

TEST_CASE("a server that is gone fails the exchanges of its own keys only",
          "[memcached][integration]") {
  test::ThreeServers servers;
  MemcachedBackend backend(test::config_of(servers.list()));
  const std::vector<std::string> keys = test::numbered("swap", 60);
  std::vector<CompareAndSet> batch;
  for (const std::string& key : keys) {
    must(backend.set(key, "a"));
    batch.push_back({.key = key, .expected = "a", .value = "b"});
  }
  servers.b.kill();
  const auto outcomes = backend.run_many<CompareAndSet>(batch, {.timeout = 5s});
  int stored = 0;
  int failed = 0;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    stored += outcomes[i] == true ? 1 : 0;
    failed += outcomes[i] ? 0 : 1;
    if (outcomes[i]) CHECK(backend.get(keys[i]) == "b");
    if (!outcomes[i]) CHECK(code_of(outcomes[i]) == "unavailable");
  }
  CHECK(stored + failed == 60);
  CHECK(stored > 0);
  CHECK(failed > 0);
}
