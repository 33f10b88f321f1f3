#include "support.hpp"
#include "support/results.hpp"
#include "support/scripted_server.hpp"

#include <cachekit/redis_transaction.hpp>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

TEST_CASE("a transaction runs its commands as one and gives a reply each", "[redis]") {
  RedisBackend redis(config_of(shared_redis()));
  REQUIRE(redis.clear());
  auto tx = redis.transaction();
  REQUIRE(tx);
  tx->queue({"SET", "a", "1"});
  tx->queue({"INCR", "a"});
  tx->queue({"LPUSH", "a", "wrong type"});
  CHECK(redis.get("a") == std::nullopt);  // Nothing is sent before execute.
  const auto replies = tx->execute();
  REQUIRE(replies);
  REQUIRE(replies->has_value());
  REQUIRE((*replies)->size() == 3);
  CHECK((**replies)[1].integer == 2);
  CHECK((**replies)[2].is_error());
  CHECK(redis.get("a") == "2");
  CHECK_FALSE(tx->execute());
}

TEST_CASE("a watched key that changed stops the transaction", "[redis]") {
  RedisBackend redis(config_of(shared_redis()));
  REQUIRE(redis.set("balance", "10"));
  auto tx = redis.transaction();
  REQUIRE(tx);
  REQUIRE(tx->watch({"balance"}));
  CHECK(tx->command({"GET", "balance"})->text == "10");
  REQUIRE(redis.set("balance", "11"));
  tx->queue({"SET", "balance", "12"});
  const auto outcome = tx->execute();
  REQUIRE(outcome);
  CHECK_FALSE(outcome->has_value());
  CHECK(redis.get("balance") == "11");
}

TEST_CASE("a command that the server refuses undoes the whole transaction", "[redis]") {
  RedisBackend redis(config_of(shared_redis()));
  REQUIRE(redis.clear());
  auto tx = redis.transaction();
  REQUIRE(tx);
  tx->queue({"SET", "a", "1"});
  tx->queue({"NOSUCHCOMMAND"});
  const auto outcome = tx->execute();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Errc::rejected);
  CHECK(outcome.error().message.find("NOSUCHCOMMAND") != std::string::npos);
  CHECK(redis.get("a") == std::nullopt);
}

TEST_CASE("a dropped transaction leaves no trace on the pool", "[redis]") {
  RedisConfig config = config_of(shared_redis());
  config.pool_size = 1;
  RedisBackend redis(config);
  REQUIRE(redis.clear());
  {
    auto tx = redis.transaction();
    REQUIRE(tx);
    REQUIRE(tx->watch({"a"}));
    tx->queue({"SET", "a", "1"});
  }
  CHECK(redis.get("a") == std::nullopt);
  CHECK(redis.set("a", "2") == true);
}

TEST_CASE("a transaction whose server died is in doubt, not silently done", "[redis]") {
  RedisServer server;
  RedisBackend redis(config_of(server));
  auto tx = redis.transaction({.timeout = std::chrono::seconds(1)});
  REQUIRE(tx);
  tx->queue({"SET", "a", "1"});
  server.stop();
  const auto outcome = tx->execute();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Errc::outcome_unknown);
}

TEST_CASE("what comes unasked between two steps is the reply to none of them", "[redis]") {
  Gate answered, said;
  ScriptedServer server([&](Peer& peer) {
    peer.expect("*1\r\n$4\r\nPING\r\n");
    peer.send("+PONG\r\n");
    peer.expect("*2\r\n$3\r\nGET\r\n$1\r\na\r\n");
    peer.send("$4\r\nmine\r\n");
    peer.wait_for(answered);
    peer.send("$6\r\nsecret\r\n");
    peer.wait_until_delivered();
    said.open();
    peer.stall();
  });
  RedisBackend redis({.host = "127.0.0.1", .port = server.port(), .client_name = {}});
  auto tx = redis.transaction();
  REQUIRE(tx);
  CHECK(tx->command({"GET", "a"})->text == "mine");
  answered.open();
  REQUIRE(said.wait());
  CHECK(code_of(tx->command({"GET", "a"})) == "unavailable");
  CHECK(code_of(tx->watch({"a"})) == "unavailable");
  tx->queue({"SET", "a", "1"});
  CHECK(code_of(tx->execute()) == "unavailable");
}

TEST_CASE("a transaction that may not begin says what became of its commands", "[redis]") {
  const RedisServer server({.acl_user = "app", .acl_password = "secret"});
  RedisBackend admin(config_of(server));
  REQUIRE(admin.command({"ACL", "SETUSER", "app", "-multi"}));
  RedisConfig config = config_of(server);
  config.username = "app";
  config.password = "secret";
  RedisBackend redis(config);
  auto tx = redis.transaction();
  REQUIRE(tx);
  tx->queue({"SET", "a", "1"});
  const auto outcome = tx->execute();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Errc::outcome_unknown);
  CHECK(outcome.error().message.find("NOPERM") != std::string::npos);
  CHECK(redis.get("a") == "1");
}

TEST_CASE("a transaction whose replies cannot be kept is not said to be undone", "[redis]") {
  RedisBackend redis(config_of(shared_redis()));
  REQUIRE(redis.clear());
  auto tx = redis.transaction();
  REQUIRE(tx);
  tx->queue({"SET", "a", "1"});
  tx->queue({"EVAL", "local t = {7} for i = 1, 100 do t = {t} end return t", "0"});
  CHECK(code_of(tx->execute()) == "too_large");
  CHECK(redis.get("a") == "1");
}

namespace {

// The example of the header.
Result<bool> replace(RedisBackend& redis, std::string_view key, std::string_view expected,
                     std::string_view next) {
  auto tx = redis.transaction();
  if (!tx) return fail(tx.error());
  if (const auto watched = tx->watch({key}); !watched) return fail(watched.error());
  const auto now = tx->command({"GET", key});
  if (!now) return fail(now.error());
  if (now->text != expected) return false;
  tx->queue({"SET", key, next});
  const auto replies = tx->execute();
  if (!replies) return fail(replies.error());
  return replies->has_value();
}

}  // namespace

TEST_CASE("a value is replaced where it is the expected one", "[redis]") {
  RedisBackend redis(config_of(shared_redis()));
  must(redis.set("balance", "12"));
  CHECK(replace(redis, "balance", "13", "14") == false);
  CHECK(replace(redis, "balance", "12", "14") == true);
  CHECK(redis.get("balance") == "14");
}

TEST_CASE("only a step of a transaction that changes something is left in doubt by a hung server",
          "[redis]") {
  RedisServer server;
  RedisBackend redis(config_of(server));
  const auto outcome_of = [&](const auto& step) {
    auto tx = redis.transaction({.timeout = 200ms});
    REQUIRE(tx);
    server.stop();
    const std::string code = code_of(step(*tx));
    server.resume();
    CHECK_FALSE(tx->execute());
    return code;
  };
  CHECK(outcome_of([](auto& tx) { return tx.watch({"a"}); }) == "timeout");
  CHECK(outcome_of([](auto& tx) { return tx.command({"GET", "a"}); }) == "timeout");
  CHECK(outcome_of([](auto& tx) { return tx.command({"SET", "a", "1"}); }) == "outcome_unknown");
  CHECK(outcome_of([](auto& tx) { return tx.execute(); }) == "outcome_unknown");
}

TEST_CASE("a transaction sends nothing when what was queued would end or defeat it", "[redis]") {
  RedisBackend redis(config_of(shared_redis()));
  REQUIRE(redis.clear());
  using Words = std::vector<std::string_view>;
  for (const Words& words :
       {Words{"EXEC"}, Words{"discard"}, Words{"RESET"}, Words{"MULTI"}, Words{"WATCH", "x"},
        Words{"UNWATCH"}, Words{"CLIENT", "REPLY", "SKIP"}, Words{"SUBSCRIBE", "x"},
        Words{"UNSUBSCRIBE", "x", "y"}, Words{"punsubscribe"}, Words{"SUNSUBSCRIBE", "x"},
        Words{"REPLCONF", "ACK", "0"}, Words{"PSYNC", "?", "-1"}, Words{}}) {
    INFO((words.empty() ? "nothing" : words.front()));
    auto tx = redis.transaction();
    REQUIRE(tx);
    tx->queue({"SET", "before", "1"});
    tx->queue(words);
    tx->queue({"SET", "behind", "1"});
    CHECK(code_of(tx->execute()) == "invalid_argument");
    CHECK(redis.get("before") == std::nullopt);
    CHECK(redis.get("behind") == std::nullopt);
  }
}

TEST_CASE("an EXEC with fewer or more replies than commands is not believed", "[redis]") {
  const std::string replies = GENERATE("*0\r\n", "*3\r\n+OK\r\n+OK\r\n+OK\r\n");
  ScriptedServer server([&](Peer& peer) {
    peer.expect("*1\r\n$4\r\nPING\r\n");
    peer.send("+PONG\r\n");
    peer.expect(
        "*1\r\n$5\r\nMULTI\r\n*2\r\n$4\r\nINCR\r\n$1\r\na\r\n"
        "*2\r\n$4\r\nINCR\r\n$1\r\nb\r\n*1\r\n$4\r\nEXEC\r\n");
    peer.send("+OK\r\n+QUEUED\r\n+QUEUED\r\n" + replies);
  });
  RedisBackend redis({.host = "127.0.0.1", .port = server.port(), .client_name = {}});
  auto tx = redis.transaction();
  REQUIRE(tx);
  tx->queue({"INCR", "a"});
  tx->queue({"INCR", "b"});
  CHECK(code_of(tx->execute()) == "outcome_unknown");
  CHECK(server.failures().empty());
}

TEST_CASE("a transaction that was moved from refuses every step", "[redis]") {
  RedisBackend redis(config_of(shared_redis()));
  auto tx = redis.transaction();
  REQUIRE(tx);
  RedisTransaction other = *std::move(tx);
  CHECK(code_of(tx->watch({"a"})) == "invalid_argument");
  CHECK(code_of(tx->command({"GET", "a"})) == "invalid_argument");
  tx->queue({"SET", "a", "1"});
  CHECK(code_of(tx->execute()) == "invalid_argument");
  CHECK(other.execute());
}

TEST_CASE("what a server says when it ends a transaction's connection is told", "[redis]") {
  Gate opened, ended;
  ScriptedServer server([&](Peer& peer) {
    peer.expect("*1\r\n$4\r\nPING\r\n");
    peer.send("+PONG\r\n");
    peer.wait_for(opened);
    peer.send("-ERR this proxy\x1b is about to end\r\n$6\r\nsecret\r\n");
    peer.wait_until_delivered();
    ended.open();
  });
  RedisBackend redis({.host = "127.0.0.1", .port = server.port(), .client_name = {}});
  auto tx = redis.transaction();
  REQUIRE(tx);
  opened.open();
  REQUIRE(ended.wait());
  tx->queue({"INCR", "n"});
  for (int i = 0; i < 2; ++i) {
    const auto outcome = tx->execute();
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == Errc::unavailable);
    CHECK(outcome.error().message.ends_with("ERR this proxy? is about to end"));
  }
  CHECK(server.failures().empty());
}
