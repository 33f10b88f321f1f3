#include "support.hpp"

using namespace cachekit;
using namespace cachekit::test;

namespace {

constexpr const char* canary = "canary-5b1f";

void check_refused(const Result<void>& outcome) {
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Errc::rejected);
  CHECK_FALSE(outcome.error().hint.empty());
  const std::string text = outcome.error().describe() + outcome.error().hint;
  CHECK(text.find("canary") == std::string::npos);
}

}  // namespace

TEST_CASE("a password, an ACL user and a database are used on every connection", "[redis]") {
  const RedisServer server({.password = canary, .acl_user = "app", .acl_password = "canary-app"});
  RedisConfig config = config_of(server);
  config.password = canary;
  RedisBackend plain(config);
  REQUIRE(plain.connect());
  REQUIRE(plain.set("key", "in database 0"));

  config.username = "app";
  config.password = "canary-app";
  config.database = 3;
  RedisBackend user(config);
  REQUIRE(user.connect());
  CHECK(user.get("key") == std::nullopt);
  REQUIRE(user.set("key", "in database 3"));
  CHECK(plain.get("key") == "in database 0");
  CHECK(user.command({"ACL", "WHOAMI"})->text == "app");
}

TEST_CASE("wrong credentials are rejected for good and never shown", "[redis]") {
  const RedisServer server({.password = "right"});
  RedisConfig config = config_of(server);
  check_refused(RedisBackend(config).connect());  // None at all.
  config.password = canary;
  check_refused(RedisBackend(config).connect());
  config.username = "nobody";
  check_refused(RedisBackend(config).connect());
}

TEST_CASE("a password for a server that has none is rejected", "[redis]") {
  RedisConfig config = config_of(shared_redis());
  config.password = canary;
  check_refused(RedisBackend(config).connect());
}

TEST_CASE("a database that does not exist is named in the error", "[redis]") {
  RedisConfig config = config_of(shared_redis());
  config.database = 4711;
  const auto outcome = RedisBackend(config).connect();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Errc::rejected);
  CHECK(outcome.error().message.find("4711") != std::string::npos);
}

TEST_CASE("a client name that the server refuses is no reason to fail", "[redis]") {
  const RedisServer server({.extra = {"--rename-command", "CLIENT", ""}});
  RedisBackend redis(config_of(server));
  REQUIRE(redis.connect());
  CHECK(redis.set("key", "value") == true);
}

TEST_CASE("impossible settings are refused before anything is sent", "[redis]") {
  const auto refuses = [](RedisConfig config, std::string_view field) {
    RedisBackend redis(std::move(config));
    const auto outcome = redis.connect();
    CHECK_FALSE(redis.get("key"));
    return !outcome && outcome.error().code == Errc::invalid_argument &&
           outcome.error().message.find(field) != std::string::npos;
  };
  using std::chrono::milliseconds;
  CHECK(refuses({.host = ""}, "host"));
  CHECK(refuses({.port = 0}, "port"));
  CHECK(refuses({.pool_size = 0}, "pool_size"));
  CHECK(refuses({.connection_timeout = milliseconds(0)}, "connection_timeout"));
  CHECK(refuses({.connection_timeout = milliseconds(-1)}, "connection_timeout"));
  CHECK(refuses({.client_name = "two words"}, "client_name"));
}
