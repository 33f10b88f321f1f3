// Comparing and setting, where the contract tests do not reach.

#include "support.hpp"
#include "support/results.hpp"

#include <array>
#include <string>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;
using operation::CompareAndSet;

namespace {

enum class Manner { waiting, batch, async };

Result<bool> swap(RedisBackend& redis, const CompareAndSet& one, Manner way) {
  if (way == Manner::waiting) return redis.run(one);
  if (way == Manner::async) return redis.start(one).get();
  const std::array both{CompareAndSet{.key = "swap:none", .expected = "", .value = ""}, one};
  return redis.run_many<CompareAndSet>(both).at(1);
}

}  // namespace

TEST_CASE("what is no string is not compared: it is an error, and stays", "[redis]") {
  RedisBackend redis(config_of(shared_redis()));
  const Manner way = GENERATE(Manner::waiting, Manner::batch, Manner::async);
  must(redis.remove("swap"));
  must(redis.command({"RPUSH", "swap", "a"}));
  const auto outcome = swap(redis, {.key = "swap", .expected = "a", .value = "b"}, way);
  CHECK(code_of(outcome) == "rejected");
  CHECK(outcome.error().message.starts_with("WRONGTYPE"));
  CHECK(outcome.error().hint.find("list") != std::string::npos);
  CHECK(must(redis.command({"LLEN", "swap"})).integer == 1);
  must(redis.remove("swap"));
}

TEST_CASE("an exchange that the server finds too large leaves no older value", "[redis]") {
  const RedisServer server;
  RedisBackend redis(config_of(server));
  const Manner way = GENERATE(Manner::waiting, Manner::batch, Manner::async);
  must(redis.command({"CONFIG", "SET", "proto-max-bulk-len", "1mb"}));
  const std::string huge(std::size_t{2} << 20U, 'x');
  must(redis.set("swap", "old"));
  CHECK(code_of(swap(redis, {.key = "swap", .expected = "old", .value = huge}, way)) ==
        "too_large");
  CHECK(must(redis.get("swap")) == std::nullopt);
  must(redis.set("swap", "another"));
  CHECK(code_of(swap(redis, {.key = "swap", .expected = "old", .value = huge}, way)) ==
        "too_large");
  CHECK(must(redis.get("swap")) == "another");
}

TEST_CASE("a server without memory says so of an exchange, too", "[redis]") {
  const RedisServer server;
  RedisBackend redis(config_of(server));
  must(redis.set("swap", "old"));
  must(redis.command({"CONFIG", "SET", "maxmemory-policy", "noeviction"}));
  must(redis.command({"CONFIG", "SET", "maxmemory", "1"}));
  const auto outcome = redis.run(CompareAndSet{.key = "swap", .expected = "old", .value = "new"});
  CHECK(code_of(outcome) == "rejected");
  CHECK(outcome.error().message.starts_with("OOM"));
  CHECK(must(redis.get("swap")) == "old");
}

TEST_CASE("an exchange that a rule withholds is rejected", "[redis]") {
  const RedisServer server;
  RedisBackend all(config_of(server));
  must(all.set("swap", "old"));
  must(all.command({"ACL", "SETUSER", "limited", "on", ">secret", "~*", "+@all", "-eval"}));
  RedisConfig config = config_of(server);
  config.username = "limited";
  config.password = Secret("secret");
  RedisBackend limited(config);
  CHECK(code_of(limited.run(CompareAndSet{.key = "swap", .expected = "old", .value = "new"})) ==
        "rejected");
  CHECK(must(all.get("swap")) == "old");
}
