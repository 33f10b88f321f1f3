#include "support.hpp"

using namespace cachekit;
using namespace cachekit::test;
using Type = RedisReply::Type;

TEST_CASE("any command has a typed reply", "[redis]") {
  RedisBackend redis(config_of(shared_redis()));
  REQUIRE(redis.clear());
  CHECK(redis.command({"HSET", "user:1", "name", "Ada", "born", "1815"})->integer == 2);
  const auto fields = redis.command({"HGETALL", "user:1"});
  REQUIRE(fields);
  REQUIRE(fields->elements.size() == 4);
  CHECK(fields->elements[1].text == "Ada");
  CHECK(redis.command({"HGET", "user:1", "died"})->is_nil());
  CHECK(redis.command({"PING"})->type == Type::status);
  CHECK(redis.command({"RPUSH", "list", "a", "b"})->integer == 2);
}

TEST_CASE("commands that change a shared connection are refused", "[redis]") {
  RedisBackend redis(config_of(shared_redis()));
  for (const auto* name : {"SELECT", "MULTI", "subscribe", "CLIENT"}) {
    CAPTURE(name);
    const auto outcome = redis.command({name, "REPLY"});
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().code == Errc::invalid_argument);
  }
  CHECK_FALSE(redis.command({}));
}

TEST_CASE("a blocking command leaves the pool to the others", "[redis]") {
  RedisConfig config = config_of(shared_redis());
  config.pool_size = 1;
  RedisBackend redis(config);
  REQUIRE(redis.clear());
  Result<RedisReply> popped = fail(Errc::cancelled, "not run");
  std::thread waiter([&] { popped = redis.command({"BLPOP", "queue", "0"}); });
  REQUIRE(eventually(
      [&] {
        const auto clients = redis.command({"INFO", "clients"});
        return clients && clients->text.find("blocked_clients:1") != std::string::npos;
      },
      std::chrono::seconds(10)));
  CHECK(redis.set("other", "value") == true);
  REQUIRE(redis.command({"RPUSH", "queue", "job"}));
  waiter.join();
  REQUIRE(popped);
  CHECK(popped->elements.at(1).text == "job");
}

TEST_CASE("a value of another type is an error in every place, never a miss", "[redis]") {
  RedisBackend redis(config_of(shared_redis()));
  REQUIRE(redis.clear());
  REQUIRE(redis.set("text", "abc"));
  REQUIRE(redis.command({"RPUSH", "list", "a"}));
  const auto single = redis.get("list");
  REQUIRE_FALSE(single);
  CHECK(single.error().code == Errc::rejected);
  const std::vector<std::string_view> keys{"text", "list", "missing"};
  const auto many = redis.get_many(keys);
  REQUIRE(many.size() == 3);
  CHECK(many[0] == "abc");
  CHECK(many[1].error().code == Errc::rejected);
  CHECK(many[2] == std::nullopt);
  CHECK(redis.metrics().snapshot().misses == 1);
}

TEST_CASE("a server out of memory says so", "[redis]") {
  const RedisServer server({.extra = {"--maxmemory", "2mb", "--maxmemory-policy", "noeviction"}});
  RedisBackend redis(config_of(server));
  const std::string value(200'000, 'x');
  Result<bool> outcome = true;
  for (int i = 0; i < 30 && outcome; ++i) outcome = redis.set("key" + std::to_string(i), value);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Errc::rejected);
  CHECK(outcome.error().hint.find("maxmemory") != std::string::npos);
  const auto stats = redis.stats();
  CHECK(stats.nodes.at(0).max_bytes == std::uint64_t{2} << 20U);
}

TEST_CASE("a unix socket serves like a port", "[redis]") {
  const RedisServer server({.unix_socket = true});
  RedisBackend redis({.host = "unused.invalid", .unix_socket = server.unix_socket()});
  REQUIRE(redis.connect());
  REQUIRE(redis.set("key", "value"));
  CHECK(redis.get("key") == "value");
  CHECK(redis.target() == "redis+unix://" + server.unix_socket() + "?db=0");
  CHECK(redis.ping().nodes.at(0).endpoint == server.unix_socket());
}

TEST_CASE("a value over max_value is too large and leaves no older one", "[redis]") {
  RedisConfig config = config_of(shared_redis());
  config.max_value = kibibytes(1);
  RedisBackend redis(config);
  REQUIRE(redis.set("key", "old"));
  const auto outcome = redis.set("key", std::string(2000, 'x'));
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Errc::too_large);
  CHECK(redis.get("key") == std::nullopt);
}
