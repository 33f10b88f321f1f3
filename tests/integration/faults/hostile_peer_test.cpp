#include "rig.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/scripted_server.hpp"

#include <fstream>
#include <string>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

// Answers one look-up with whatever the test wants, then ends the connection.
ScriptedServer::Script answer_of(Kind kind, const std::string& reply) {
  return [kind, reply](Peer& peer) {
    expect_greeting(kind, peer);
    if (kind == Kind::redis) {
      peer.expect("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
    } else {
      peer.read_line();
    }
    peer.send(reply);
  };
}

ScriptedServer server_that_says(Kind kind, const std::string& reply) {
  return ScriptedServer(answer_of(kind, reply));
}

std::size_t most_memory_ever_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::size_t amount = 0;
    if (word == "VmHWM:" && status >> amount) return amount;
  }
  return 0;
}

}  // namespace

TEST_CASE("announced lengths that cannot be are a protocol error", "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  const std::vector<std::string> replies =
      kind == Kind::redis
          ? std::vector<std::string>{"$99999999999999\r\n",       "$-7\r\n", "*4294967296\r\n",
                                     "$18446744073709551616\r\n", "*-2\r\n", "$1x\r\nab\r\n"}
          : std::vector<std::string>{"VA 99999999999999\r\n", "VA -7\r\n", "VA\r\n",
                                     "VA 18446744073709551616\r\n", "VA 1x\r\nab\r\n"};
  for (const std::string& reply : replies) {
    INFO("reply: " << reply);
    ScriptedServer server = server_that_says(kind, reply);
    const auto cache = client_of(kind, server.port());
    CHECK(code_of(cache->get("k")) == "protocol");
    CHECK(server.failures().empty());
  }
}

TEST_CASE("after a reply that makes no sense the next call is answered on a new connection",
          "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  const std::string bad = kind == Kind::redis ? "$-7\r\n" : "VA -7\r\n";
  const std::string good = kind == Kind::redis ? "$5\r\nvalue\r\n" : "VA 5\r\nvalue\r\n";
  // Foreign bytes behind the nonsense must not be taken for the next reply.
  const std::string foreign = kind == Kind::redis ? "$6\r\nsecret\r\n" : "VA 6\r\nsecret\r\n";
  for (const std::string& nonsense : {bad, bad + foreign}) {
    ScriptedServer server({answer_of(kind, nonsense), answer_of(kind, good)});
    const auto cache = client_of(kind, server.port());
    CHECK(code_of(cache->get("k")) == "protocol");
    CHECK(must(cache->get("k")) == "value");
    CHECK(server.connections() == 2);
  }
}

TEST_CASE("memory grows with what arrived, not with what was announced", "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  const std::string start = kind == Kind::redis ? "$536000000\r\n" : "VA 536000000\r\n";
  const std::size_t before = most_memory_ever_kib();
  REQUIRE(before > 0);
  ScriptedServer server = server_that_says(kind, start + "a little");
  const auto cache = client_of(kind, server.port());
  CHECK(code_of(cache->get("k")) != "no error");
  CHECK(most_memory_ever_kib() - before < 100 * 1024);
}

TEST_CASE("a reply nested without end is a protocol error", "[faults]") {
  std::string nested;
  for (int depth = 0; depth < 100'000; ++depth) nested += "*1\r\n";
  ScriptedServer server = server_that_says(Kind::redis, nested);
  CHECK(code_of(client_of(Kind::redis, server.port())->get("k")) == "protocol");
}

TEST_CASE("a peer that speaks something else is a protocol error and not a miss", "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  ScriptedServer server = server_that_says(kind, "HTTP/1.1 400 Bad Request\r\n\r\n");
  const auto cache = client_of(kind, server.port());
  const auto outcome = cache->get("k");
  CHECK(code_of(outcome) == "protocol");
  CHECK_FALSE(outcome.error().hint.empty());
}

TEST_CASE("a reply that nobody asked for goes to nobody", "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  const std::string once = kind == Kind::redis ? "$4\r\nmine\r\n" : "VA 4\r\nmine\r\n";
  const std::string foreign = kind == Kind::redis ? "$6\r\nsecret\r\n" : "VA 6\r\nsecret\r\n";
  ScriptedServer server = server_that_says(kind, once + foreign);
  const auto cache = client_of(kind, server.port());
  for (int i = 0; i < 5; ++i) {
    const auto value = cache->get("k");
    CHECK((!value || *value == "mine"));
  }
  CHECK(server.connections() >= 5);  // The doubt closed each connection.
}

TEST_CASE("a connection that ends in the middle of a reply is an error and not a shorter value",
          "[faults]") {
  CACHEKIT_FOR_BOTH_SERVERS(kind);
  const std::string whole = kind == Kind::redis ? "$5\r\nvalue\r\n" : "VA 5\r\nvalue\r\n";
  for (std::size_t bytes = 0; bytes < whole.size(); ++bytes) {
    INFO(bytes << " bytes");
    ScriptedServer server = server_that_says(kind, whole.substr(0, bytes));
    CHECK(code_of(client_of(kind, server.port())->get("k")) == "unavailable");
  }
}
