// Leases, where the contract tests do not reach: between processes, and with clients that know of
// none.

#include "support.hpp"
#include "support/results.hpp"
#include "support/scripted_server.hpp"

#include <cstdint>
#include <limits>
#include <string>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;
using operation::LeaseDrop;
using operation::LeaseGet;
using operation::LeaseSet;

namespace {

RedisConfig leasing(const RedisServer& server) {
  RedisConfig config = config_of(server);
  config.leases = true;
  return config;
}

LeaseToken token_for(RedisBackend& redis, std::string_view key) {
  const Leased leased = must(redis.run(LeaseGet{.key = key, .lease_ttl = 60s}));
  REQUIRE(leased.token);
  return *leased.token;
}

bool fill(RedisBackend& redis, std::string_view key, LeaseToken token) {
  return must(redis.run(LeaseSet{.key = key, .token = token, .value = "loaded"}));
}

}  // namespace

TEST_CASE("without the option there are no leases, and nothing is sent", "[redis][lease]") {
  RedisBackend redis({.host = "127.0.0.1", .port = 1});
  CHECK_FALSE(redis.capabilities().leases);
  CHECK(code_of(redis.run(LeaseGet{.key = "k"})) == "unsupported");
  CHECK(code_of(redis.start(LeaseSet{.key = "k", .value = "v"}).get()) == "unsupported");
  CHECK(code_of(redis.run(LeaseDrop{.key = "k"})) == "unsupported");
}

TEST_CASE("what another process does to a key voids its lease", "[redis][lease]") {
  RedisBackend mine(leasing(shared_redis()));
  RedisBackend other(leasing(shared_redis()));
  must(mine.remove("leased"));
  const LeaseToken token = token_for(mine, "leased");
  CHECK_FALSE(must(other.run(LeaseGet{.key = "leased"})).token);
  CHECK_FALSE(must(other.remove("leased")));
  CHECK_FALSE(fill(mine, "leased", token));
  const LeaseToken next = token_for(other, "leased");
  CHECK_FALSE(must(mine.run(LeaseDrop{.key = "leased", .token = token})));
  CHECK(fill(other, "leased", next));
  CHECK(must(mine.run(LeaseGet{.key = "leased"})).value == "loaded");
  must(mine.remove("leased"));
}

// As documented: they are the ones who need the option.
TEST_CASE("clients that know of no leases read no lease, and void none", "[redis][lease]") {
  RedisBackend redis(leasing(shared_redis()));
  RedisBackend plain(config_of(shared_redis()));
  must(redis.remove("leased"));
  const LeaseToken token = token_for(redis, "leased");
  CHECK(must(plain.get("leased")) == std::nullopt);
  CHECK_FALSE(must(plain.exists("leased")));
  CHECK(must(redis.command({"DEL", "leased"})).integer == 0);
  CHECK(fill(redis, "leased", token));

  must(redis.remove("leased"));
  const LeaseToken second = token_for(redis, "leased");
  must(plain.set("leased", "theirs"));
  CHECK_FALSE(fill(redis, "leased", second));
  CHECK(must(redis.get("leased")) == "theirs");
  must(redis.remove("leased"));
}

TEST_CASE("counters are exact where they void leases", "[redis][lease]") {
  RedisBackend redis(leasing(shared_redis()));
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t number : {most - 1, most / 1000 * 999 + 7, std::int64_t{1} << 53U}) {
    must(redis.set("leased:n", std::to_string(number)));
    CHECK(must(redis.increment("leased:n")) == number + 1);
    CHECK(must(redis.async_increment("leased:n", -1).get()) == number);
  }
  must(redis.set("leased:n", std::to_string(most)));
  const auto refused = redis.increment("leased:n");
  CHECK(code_of(refused) == "rejected");
  CHECK(refused.error().message.find("beyond 64 bits") != std::string::npos);
  must(redis.set("leased:n", "text"));
  CHECK(code_of(redis.increment("leased:n")) == "rejected");
  must(redis.remove("leased:n"));
}

TEST_CASE("what is no string is not leased, nor set over", "[redis][lease]") {
  RedisBackend redis(leasing(shared_redis()));
  must(redis.remove("leased"));
  const LeaseToken token = token_for(redis, "leased");
  must(redis.command({"RPUSH", "leased", "a"}));
  CHECK(code_of(redis.run(LeaseGet{.key = "leased"})) == "rejected");
  CHECK_FALSE(fill(redis, "leased", token));
  CHECK(code_of(redis.increment("leased")) == "rejected");
  CHECK(must(redis.command({"LLEN", "leased"})).integer == 1);
  CHECK(must(redis.remove("leased")));
}

TEST_CASE("a lease that may not be voided leaves nobody in the belief that nothing was stored",
          "[redis][lease]") {
  RedisServer server;
  RedisBackend all(config_of(server));
  must(all.command({"ACL", "SETUSER", "limited", "on", ">secret", "~*", "+@all", "-unlink"}));
  RedisConfig config = leasing(server);
  config.username = "limited";
  config.password = Secret("secret");
  RedisBackend limited(config);
  const auto set = limited.set("k", "v");
  REQUIRE(code_of(set) == "outcome_unknown");
  CHECK(set.error().hint.find("UNLINK") != std::string::npos);
  CHECK(must(all.get("k")) == "v");
  CHECK(code_of(limited.increment("n")) == "outcome_unknown");
  CHECK(must(all.get("n")) == "1");
  CHECK(code_of(limited.remove("k")) == "rejected");
  CHECK(must(all.get("k")) == "v");
}

TEST_CASE("a server that is full refuses what voids a lease as any write", "[redis][lease]") {
  RedisServer server;
  RedisBackend redis(leasing(server));
  must(redis.set("k", "old"));
  const LeaseToken token = token_for(redis, "other");
  must(redis.command({"CONFIG", "SET", "maxmemory", "1"}));
  CHECK(code_of(redis.set("k", "new")) == "rejected");
  CHECK(code_of(redis.increment("n")) == "rejected");
  CHECK_FALSE(redis.run(operation::LeaseSet{.key = "other", .token = token, .value = "v"}));
  must(redis.command({"CONFIG", "SET", "maxmemory", "0"}));
  CHECK(must(redis.get("k")) == "old");
  CHECK(must(redis.get("n")) == std::nullopt);
}

TEST_CASE("a lease that was asked for and not answered is not asked for again", "[redis][lease]") {
  const bool waiting = GENERATE(true, false);
  ScriptedServer server([](Peer& peer) {
    peer.expect("*1\r\n$4\r\nPING\r\n");
    peer.send("+PONG\r\n");
    while (peer.read_line() != "10000\r\n") {
    }
  });
  RedisBackend redis(
      {.host = "127.0.0.1", .port = server.port(), .client_name = {}, .leases = true});
  const LeaseGet get{.key = "k"};
  CHECK(code_of(waiting ? redis.run(get) : redis.start(get).get()) == "outcome_unknown");
  const std::string seen = server.received();
  const std::size_t first = seen.find("EVAL");
  REQUIRE(first != std::string::npos);
  CHECK(seen.find("EVAL", first + 1) == std::string::npos);
}

TEST_CASE("what the server finds too large is told, and the lease can be given back",
          "[redis][lease]") {
  const RedisServer server;
  RedisBackend redis(leasing(server));
  must(redis.command({"CONFIG", "SET", "proto-max-bulk-len", "1mb"}));
  const std::string huge(std::size_t{2} << 20U, 'x');
  const LeaseToken token = token_for(redis, "leased");
  CHECK(code_of(redis.run(LeaseSet{.key = "leased", .token = token, .value = huge})) ==
        "too_large");
  CHECK(must(redis.run(LeaseDrop{.key = "leased", .token = token})));
  // A set of such a value is a change: what was loaded before it is out of date.
  const LeaseToken second = token_for(redis, "leased");
  CHECK(code_of(redis.set("leased", huge)) == "too_large");
  CHECK_FALSE(fill(redis, "leased", second));
}
