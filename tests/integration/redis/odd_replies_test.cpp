// Replies that are well-formed and out of the ordinary: they hurt nobody but their own caller.

#include "support.hpp"
#include "support/results.hpp"
#include "support/scripted_server.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;

namespace {

// A script whose reply nests so many arrays, and which counts.
std::string deep_script(int arrays) {
  return "redis.call('INCR', 'run') local t = {7} for i = 2, " + std::to_string(arrays) +
         " do t = {t} end return t";
}

std::size_t depth_of(const RedisReply& reply) {
  std::size_t deepest = 0;
  for (const RedisReply& element : reply.elements) deepest = std::max(deepest, depth_of(element));
  return deepest + (reply.type == RedisReply::Type::array ? 1 : 0);
}

}  // namespace

TEST_CASE("replies nest as deep as servers nest them", "[redis]") {
  RedisBackend redis(config_of(shared_redis()));
  const RedisReply docs = must(redis.command({"COMMAND", "DOCS"}));
  CHECK(depth_of(docs) > 8);
  CHECK(docs.elements.size() > 300);
  for (const int arrays : {7, 8, 9, 16, 17, 64}) {
    CAPTURE(arrays);
    const RedisReply reply = must(redis.command({"EVAL", deep_script(arrays), "0"}));
    CHECK(depth_of(reply) == static_cast<std::size_t>(arrays));
  }
  CHECK(redis.connections().at(0).reconnects == 0);
}

TEST_CASE("a reply that its command never gives is an error, not a value", "[redis]") {
  struct Case {
    std::string reply;
    std::string code;
    std::function<std::string(RedisBackend&)> code_of_call;
  };
  const auto listed = [](RedisBackend& redis) {
    return code_of(redis.scan({}, [](std::string_view) { return true; }));
  };
  // What was asked may have been done: a write is in doubt then.
  const std::vector<Case> cases{
      {"+QUEUED\r\n", "outcome_unknown",
       [](RedisBackend& redis) { return code_of(redis.set("k", "v")); }},
      {"+QUEUED\r\n", "outcome_unknown",
       [](RedisBackend& redis) { return code_of(redis.clear()); }},
      {":2\r\n", "outcome_unknown", [](RedisBackend& redis) { return code_of(redis.remove("k")); }},
      {":-3\r\n", "protocol", [](RedisBackend& redis) { return code_of(redis.exists("k")); }},
      {":-7\r\n", "protocol", [](RedisBackend& redis) { return code_of(redis.ttl("k")); }},
      {"*2\r\n$1\r\n0\r\n:5\r\n", "protocol", listed},
      {"*2\r\n$1\r\n0\r\n*2\r\n$1\r\nk\r\n:5\r\n", "protocol", listed},
      {"*2\r\n$1\r\n0\r\n*1\r\n$-1\r\n", "protocol", listed}};
  for (const Case& one : cases) {
    INFO(one.reply);
    ScriptedServer server([&](Peer& peer) {
      peer.expect("*1\r\n$4\r\nPING\r\n");
      peer.send("+PONG\r\n");
      peer.read_line();
      peer.send(one.reply);
      peer.stall();
    });
    RedisBackend redis({.host = "127.0.0.1", .port = server.port(), .client_name = {}});
    CHECK(one.code_of_call(redis) == one.code);
  }
}

TEST_CASE("a reply that the command never gives is not the only one out of step", "[redis]") {
  ScriptedServer server([](Peer& peer) {
    peer.expect("*1\r\n$4\r\nPING\r\n");
    peer.send("+PONG\r\n");
    peer.expect("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n");
    peer.send("+PONG\r\n");  // One that nobody asked for; the right one comes for the next request.
    peer.read_line();
    peer.send("+OK\r\n");
    peer.stall();
  });
  RedisBackend redis({.host = "127.0.0.1", .port = server.port(), .client_name = {}});
  CHECK(code_of(redis.set("a", "1")) == "outcome_unknown");
  CHECK(redis.connections().at(0).connections == 0);
}

TEST_CASE("a reply that cannot be kept fails its own caller, and nobody whom it lies between",
          "[redis]") {
  const std::string script =
      GENERATE(deep_script(65), deep_script(200),
               std::string("redis.call('INCR', 'run') "
                           "return redis.error_reply('ERR ' .. string.rep('x', 2000000))"));
  RedisBackend redis(config_of(shared_redis()));
  REQUIRE(redis.clear());
  std::vector<Pending<std::int64_t>> before, after;
  for (int i = 0; i < 50; ++i) before.push_back(redis.async_increment("n"));
  const auto odd = redis.command({"EVAL", script, "0"});
  for (int i = 0; i < 50; ++i) after.push_back(redis.async_increment("n"));
  REQUIRE_FALSE(odd);
  CHECK(code_of(odd) == "too_large");
  CHECK_FALSE(odd.error().hint.empty());
  for (int i = 0; i < 50; ++i) CHECK(must(before[static_cast<std::size_t>(i)].get()) == i + 1);
  for (int i = 0; i < 50; ++i) CHECK(must(after[static_cast<std::size_t>(i)].get()) == i + 51);
  CHECK(redis.get("run") == "1");
  CHECK(redis.connections().at(0).reconnects == 0);
}
