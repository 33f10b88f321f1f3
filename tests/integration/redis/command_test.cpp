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

TEST_CASE("a touch that the server refuses in part is refused", "[redis]") {
  RedisServer server;
  RedisBackend all(config_of(server));
  must(all.set("k", "v", {.ttl = 1h}));
  must(all.command({"ACL", "SETUSER", "limited", "on", ">secret", "~*", "+@all", "-persist"}));
  RedisConfig config = config_of(server);
  config.username = "limited";
  config.password = Secret("secret");
  RedisBackend limited(config);
  CHECK(code_of(limited.touch("k", Ttl::none())) == "rejected");
  CHECK(code_of(limited.async_touch("k", Ttl::none()).get()) == "rejected");
  const operation::Touch touches[] = {{"k", Ttl::none()}, {"k", Ttl::none()}};
  for (const auto& touched : limited.run_many<operation::Touch>(touches)) {
    CHECK(code_of(touched) == "rejected");
  }
  CHECK(must(all.ttl("k"))->expires());
}

TEST_CASE("what the server itself finds too large leaves no older value", "[redis]") {
  RedisServer server;
  RedisBackend redis(config_of(server));
  must(redis.command({"CONFIG", "SET", "proto-max-bulk-len", "1mb"}));
  const std::string huge(std::size_t{2} << 20U, 'x');
  const auto refused_by = [&](const auto& set) {
    must(redis.set("k", "old"));
    CHECK(code_of(set()) == "too_large");
    return must(redis.get("k")) == std::nullopt;
  };
  const SetItem item{.key = "k", .value = huge};
  CHECK(refused_by([&] { return redis.set("k", huge); }));
  CHECK(refused_by([&] { return redis.async_set("k", huge).get(); }));
  CHECK(refused_by([&] { return redis.set_many({&item, 1}).front(); }));
  must(redis.set("k", "old"));
  CHECK_FALSE(
      redis.async_set("k", huge, {.condition = SetCondition::if_absent}).get().value_or(false));
  CHECK(must(redis.get("k")) == "old");
}

TEST_CASE("a batch tells what was answered before the server ended it", "[redis]") {
  RedisServer server;
  RedisBackend redis(config_of(server));
  must(redis.command({"CONFIG", "SET", "proto-max-bulk-len", "1mb"}));
  must(redis.set("k", "old"));
  const std::string huge(std::size_t{2} << 20U, 'x');
  const std::vector<SetItem> items{
      {.key = "a", .value = "1"}, {.key = "k", .value = huge}, {.key = "d", .value = "2"}};
  const auto outcomes = redis.set_many(items, {.timeout = 20s});
  CHECK(must(outcomes.at(0)));
  CHECK(code_of(outcomes.at(1)) == "too_large");
  CHECK(must(outcomes.at(2)));  // Large batches go in pieces, and it was of the next one.
  CHECK(must(redis.get("a")) == "1");
  CHECK(must(redis.get("k")) == std::nullopt);
}

TEST_CASE("what is stored after a value that was too large stays", "[redis]") {
  RedisServer server;
  RedisBackend redis(config_of(server));
  must(redis.command({"CONFIG", "SET", "proto-max-bulk-len", "1mb"}));
  const std::string huge(std::size_t{2} << 20U, 'x');
  for (int round = 0; round < 20; ++round) {
    must(redis.set("k", "old"));
    auto refused = redis.async_set("k", huge, {.timeout = 20s});
    const auto stored = redis.async_set("k", "new", {.timeout = 20s}).get();
    const std::string code = code_of(refused.get());
    const auto left = must(redis.get("k"));
    if (code == "too_large") {
      CHECK(left != "old");
    } else {
      // The server's words are lost where its reset, for what it has not read, overtakes them in
      // its kernel.
      CHECK(code == "outcome_unknown");
    }
    if (stored) CHECK(left == "new");
  }
}

TEST_CASE("of a value over max_value no older one is left when the result is there", "[redis]") {
  RedisConfig config = config_of(shared_redis());
  config.max_value = {100};
  RedisBackend redis(config);
  RedisBackend other(config_of(shared_redis()));
  const std::string large(200, 'x');
  for (int round = 0; round < 20; ++round) {
    must(other.set("k", "old"));
    CHECK(code_of(redis.async_set("k", large).get()) == "too_large");
    CHECK(must(other.get("k")) == std::nullopt);
  }
}
