#include "classic_proxy.hpp"
#include "memcached/batch.hpp"
#include "memcached/protocol.hpp"
#include "memcached/session.hpp"
#include "net/channel.hpp"
#include "net/pool/dialer.hpp"
#include "support.hpp"
#include "support/crew.hpp"
#include "support/fault_proxy.hpp"
#include "support/scripted_server.hpp"

#include <atomic>

using namespace cachekit;
using namespace std::chrono_literals;
using Manner = test::ClassicProxy::Manner;

TEST_CASE("a server that knows no meta commands is asked in classic ones",
          "[memcached][integration]") {
  const Manner manner = GENERATE(Manner::answers_error, Manner::closes);
  const test::ClassicProxy proxy(test::shared_memcached().port(), manner);
  MemcachedBackend backend(test::config_of({proxy.endpoint()}));
  REQUIRE(backend.remove("classic"));

  CHECK(backend.get("classic") == std::nullopt);
  CHECK(backend.exists("classic") == false);
  CHECK(backend.set("classic", "\r\nEND\r\n", {.ttl = 100s}) == true);
  CHECK(backend.get("classic") == "\r\nEND\r\n");
  CHECK(backend.exists("classic") == true);
  CHECK(backend.set("classic", "x", {.condition = SetCondition::if_absent}) == false);
  CHECK(backend.set("classic", test::all_bytes(), {.condition = SetCondition::if_present}) == true);
  CHECK(backend.get("classic") == test::all_bytes());
  CHECK(backend.touch("classic", 2'592'001s) == true);
  CHECK(backend.touch("classic:none", 1s) == false);
  CHECK(backend.ttl("classic").error().code == Errc::unsupported);
  CHECK(backend.remove("classic") == true);
  CHECK(backend.remove("classic") == false);
  CHECK(proxy.meta_commands() > 0);

  MemcachedBackend direct(test::config_of({test::shared_memcached().endpoint()}));
  REQUIRE(backend.set("classic", "v", {.ttl = 2'592'001s}));
  CHECK(direct.ttl("classic").value()->duration() > 2'591'000s);
}

TEST_CASE("connect settles for the classic dialect as well", "[memcached][integration]") {
  const Manner manner = GENERATE(Manner::answers_error, Manner::closes);
  const test::ClassicProxy proxy(test::shared_memcached().port(), manner);
  MemcachedBackend backend(test::config_of({proxy.endpoint()}));
  REQUIRE(backend.connect());
  CHECK(backend.ping().ok());
  CHECK_FALSE(backend.stats().nodes.at(0).error);
}

TEST_CASE("no key runs a command on a classic server", "[memcached][integration]") {
  const test::ClassicProxy proxy(test::shared_memcached().port(), Manner::answers_error);
  MemcachedBackend backend(test::config_of({proxy.endpoint()}));
  REQUIRE(backend.set("victim", "untouched"));
  for (const std::string_view key : {"a b", "x\r\nflush_all\r\n", "x\n", "tab\t", "\x7f"}) {
    CHECK(backend.get(key).error().code == Errc::invalid_argument);
    CHECK(backend.set(key, "v").error().code == Errc::invalid_argument);
    CHECK(backend.remove(key).error().code == Errc::invalid_argument);
    CHECK(backend.exists(key).error().code == Errc::invalid_argument);
    CHECK(backend.touch(key, 1s).error().code == Errc::invalid_argument);
    CHECK(backend.increment(key).error().code == Errc::invalid_argument);
    const auto both = backend.get_many(std::vector<std::string_view>{key, "victim"});
    CHECK(both[0].error().code == Errc::invalid_argument);
    CHECK(both[1] == "untouched");
  }
  REQUIRE(backend.set("\xff\x80", "high"));
  CHECK(backend.get("\xff\x80") == "high");
}

TEST_CASE("a request that cannot be encoded puts nobody else's reply out of step",
          "[memcached][integration]") {
  const test::ClassicProxy proxy(test::shared_memcached().port(), Manner::answers_error);
  MemcachedBackend backend(test::config_of({proxy.endpoint()}));
  std::atomic<int> right{0};
  test::in_parallel(8, [&](unsigned thread) {
    const std::string key = "step" + std::to_string(thread);
    const std::vector<std::string_view> keys{key, "has spaces", key};
    right += backend.set(key, key) == true ? 1 : 0;
    for (int i = 0; i < 50; ++i) {
      right += backend.get(key) == key ? 1 : 0;
      right += backend.ttl(key).error().code == Errc::unsupported ? 1 : 0;
      const auto several = backend.get_many(keys);
      right += several[0] == key && !several[1] && several[2] == key ? 1 : 0;
    }
  });
  CHECK(right == 8 * (1 + 50 * 3));
}

TEST_CASE("counters start at a classic server too, whoever is first", "[memcached][integration]") {
  const test::ClassicProxy proxy(test::shared_memcached().port(), Manner::answers_error);
  MemcachedBackend backend(test::config_of({proxy.endpoint()}));
  REQUIRE(backend.remove("classic:counter"));
  CHECK(backend.increment("classic:counter", -3) == 0);
  REQUIRE(backend.remove("classic:counter"));

  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i)
        failed += backend.increment("classic:counter").has_value() ? 0 : 1;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failed == 0);
  CHECK(backend.increment("classic:counter", 0) == 200);
  REQUIRE(backend.set("classic:counter", "abc"));
  CHECK(backend.increment("classic:counter").error().code == Errc::rejected);
}

TEST_CASE("a classic server's refusal of a large value leaves the replies in step",
          "[memcached][integration]") {
  const test::ClassicProxy proxy(test::shared_memcached().port(), Manner::answers_error);
  MemcachedBackend backend(test::config_of({proxy.endpoint()}));
  const std::string large(2'000'000, 'v');
  REQUIRE(backend.set("classic:large", "older"));
  const auto stored = backend.set_many(
      std::vector<SetItem>{{"classic:1", "1"}, {"classic:large", large}, {"classic:2", "2"}});
  CHECK(stored[0] == true);
  CHECK(stored[1].error().code == Errc::too_large);
  CHECK(stored[2] == true);
  CHECK(backend.get("classic:large") == std::nullopt);
  CHECK(backend.get("classic:2") == "2");
}

TEST_CASE("a server that was killed is spoken to in meta again when it returns",
          "[memcached][integration]") {
  test::MemcachedServer server;
  MemcachedBackend backend(test::config_of({server.endpoint()}));
  REQUIRE(backend.set("k", "v"));
  server.kill();
  CHECK(backend.get("k").error().code == Errc::unavailable);
  server.restart();
  REQUIRE(backend.set("k", "v", {.ttl = 100s}));
  CHECK(backend.ttl("k"));
}

TEST_CASE("connections that break while they greet do not make a server a classic one",
          "[memcached][integration]") {
  const int breaks = GENERATE(1, 2);
  test::MemcachedServer server;
  test::FaultProxy proxy(server.port());
  proxy.cut_replies_after(0, breaks);
  MemcachedBackend backend(test::config_of({proxy.endpoint()}));
  CHECK(backend.async_increment("classic:missing").get() == 1);
  CHECK(backend.ttl("classic:missing"));
}

TEST_CASE("a server that closes connections unheard is no classic one",
          "[memcached][integration]") {
  const auto closes = [](test::Peer&) {};
  const auto speaks_meta = [](test::Peer& peer) {
    peer.expect("mn\r\n");
    peer.send("MN\r\n");
    peer.expect("mg k v\r\n");
    peer.send("VA 1\r\nv\r\n");
    peer.stall();
  };
  test::ScriptedServer server({closes, closes, closes, closes, closes, closes, speaks_meta});
  MemcachedBackend backend(test::config_of({server.endpoint()}));
  Result<std::optional<std::string>> got;
  while (!got || !*got) got = backend.get("k");
  CHECK(*got == "v");
  CHECK(server.connections() == 7);
  CHECK(server.failures().empty());
}

TEST_CASE("a proxy that closes on meta commands is asked again on the next connection",
          "[memcached][integration]") {
  const auto closes = [](test::Peer& peer) { peer.expect("mn\r\n"); };
  const auto closes_again = [](test::Peer& peer) {
    peer.expect("get cachekit:handshake\r\n");
    peer.send("END\r\n");
    peer.expect("mn\r\n");
  };
  const auto speaks_classic = [](test::Peer& peer) {
    peer.expect("get cachekit:handshake\r\n");
    peer.send("END\r\n");
    peer.expect("get k\r\n");
    peer.send("END\r\n");
  };
  const auto speaks_meta = [](test::Peer& peer) {
    peer.expect("get cachekit:handshake\r\n");
    peer.send("END\r\n");
    peer.expect("mn\r\n");
    peer.send("MN\r\n");
    peer.expect("mg k v\r\n");
    peer.send("VA 1\r\nv\r\n");
  };
  test::ScriptedServer server({closes, closes_again, closes_again, speaks_classic, closes_again,
                               speaks_classic, speaks_meta});
  MemcachedBackend backend(test::config_of({server.endpoint()}));
  CHECK(backend.get("k") == std::nullopt);
  CHECK(backend.get("k") == std::nullopt);
  CHECK(backend.get("k") == "v");
  CHECK(server.connections() == 7);
  CHECK(server.failures().empty());
}

TEST_CASE(
    "a connection that speaks classic by suspicion retires, one that was refused meta does not",
    "[memcached][integration]") {
  const auto closes = [](test::Peer& peer) { peer.expect("mn\r\n"); };
  const auto closes_again = [](test::Peer& peer) {
    peer.expect("get cachekit:handshake\r\n");
    peer.send("END\r\n");
    peer.expect("mn\r\n");
  };
  const auto speaks_classic = [](test::Peer& peer) {
    peer.expect("get cachekit:handshake\r\n");
    peer.send("END\r\n");
    peer.stall();
  };
  const auto refuses = [](test::Peer& peer) {
    peer.expect("get cachekit:handshake\r\n");
    peer.send("END\r\n");
    peer.expect("mn\r\n");
    peer.send("ERROR\r\n");
    peer.stall();
  };
  test::ScriptedServer server({closes, closes_again, closes_again, speaks_classic, refuses});
  const auto suspicion = GENERATE(std::chrono::milliseconds(0), std::chrono::milliseconds(1h));
  net::Dialer dialer({.host = "127.0.0.1", .port = server.port()},
                     std::make_shared<memcached::MemcachedProtocol>(suspicion));
  const auto suspicious = dialer.open(Deadline::after(20s));
  REQUIRE(suspicious);
  auto& session = static_cast<memcached::MemcachedSession&>((*suspicious)->session());
  CHECK(session.dialect() == memcached::Dialect::classic);
  CHECK(session.retiring() == (suspicion == 0ms));

  const auto refused = dialer.open(Deadline::after(20s));
  REQUIRE(refused);
  auto& told = static_cast<memcached::MemcachedSession&>((*refused)->session());
  CHECK(told.dialect() == memcached::Dialect::classic);
  CHECK_FALSE(told.retiring());
  CHECK(server.failures().empty());
}

TEST_CASE("a shared connection that spoke classic by suspicion gives way to one that speaks meta",
          "[memcached][integration]") {
  const auto closes = [](test::Peer& peer) { peer.expect("mn\r\n"); };
  const auto closes_again = [](test::Peer& peer) {
    peer.expect("get cachekit:handshake\r\n");
    peer.send("END\r\n");
    peer.expect("mn\r\n");
  };
  const auto speaks_classic = [](test::Peer& peer) {
    peer.expect("get cachekit:handshake\r\n");
    peer.send("END\r\n");
    peer.expect("get k\r\n");
    peer.send("END\r\n");
    peer.stall();
  };
  const auto speaks_meta = [](test::Peer& peer) {
    peer.expect("get cachekit:handshake\r\n");
    peer.send("END\r\n");
    peer.expect("mn\r\n");
    peer.send("MN\r\n");
    for (int i = 0; i < 2; ++i) {
      peer.expect("mg k v\r\n");
      peer.send("VA 1\r\nv\r\n");
    }
  };
  test::ScriptedServer server({closes, closes_again, closes_again, speaks_classic, speaks_meta});
  net::Channel channel({.address = {.host = "127.0.0.1", .port = server.port()}},
                       std::make_shared<memcached::MemcachedProtocol>(0ms));
  std::vector<std::string> got;
  for (int i = 0; i < 3; ++i) {
    memcached::SingleCommand lookup({.verb = memcached::Verb::get, .key = "k"});
    REQUIRE(channel.execute(lookup, Deadline::after(20s)));
    REQUIRE(lookup.reply());
    got.push_back(lookup.reply()->value);
  }
  CHECK(got == std::vector<std::string>{"", "v", "v"});
  CHECK(server.connections() == 5);
  CHECK(server.failures().empty());
}

TEST_CASE("a server with too many connections says so", "[memcached][integration]") {
  test::ScriptedServer server([](test::Peer& peer) {
    peer.send("ERROR Too many open connections\r\n");
    peer.close();
  });
  MemcachedBackend backend(test::config_of({server.endpoint()}));
  const auto got = backend.get("k");
  REQUIRE_FALSE(got);
  CHECK(got.error().code == Errc::unavailable);
  CHECK(got.error().message.find("Too many open connections") != std::string::npos);
  CHECK(backend.connect().error().code == Errc::unavailable);
}
