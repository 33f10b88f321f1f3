#include "support.hpp"

#include <cachekit/redis_transaction.hpp>

using namespace cachekit;
using namespace cachekit::test;

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

TEST_CASE("a dropped transaction leaves no trace on the pool", "[redis][failures-9]") {
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
