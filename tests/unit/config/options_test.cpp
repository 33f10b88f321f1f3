#include "support.hpp"
#include "support/catch.hpp"

#include <set>

using namespace cachekit;
using namespace cachekit::test;

TEST_CASE("every option has a key, a help text and a variable of its own", "[config]") {
  std::set<std::string_view> keys;
  std::set<std::string_view> variables;
  for (const Option& option : options()) {
    CAPTURE(option.key);
    CHECK(keys.insert(option.key).second);
    if (!option.environment.empty()) CHECK(variables.insert(option.environment).second);
    CHECK_FALSE(option.help.empty());
    CHECK(option.help.find('\n') == std::string_view::npos);
  }
}

TEST_CASE("what get writes, set reads back", "[config]") {
  Settings settings;
  settings.backend = BackendKind::memcached;
  settings.production = true;
  settings.operation_timeout = std::chrono::milliseconds(90'001);
  settings.memory.capacity = Bytes{1'234'567'891};
  settings.memory.max_entries = 1'000;
  settings.memory.policy = EvictionPolicy::fifo;
  settings.memory.connection_timeout = forever;
  settings.redis.host = "2001:db8::7";
  settings.redis.port = 65535;
  settings.memcached.servers = {"a:1", "b:2:3"};
  Settings copy;
  for (const Option& option : options()) {
    if (option.kind == Option::Kind::secret) continue;
    CAPTURE(option.key);
    REQUIRE(option.set(copy, option.get(settings)));
    CHECK(option.get(copy) == option.get(settings));
  }
  CHECK(copy.memory.capacity == settings.memory.capacity);
  CHECK(copy.memory.max_entries == 1'000);
  CHECK(copy.memory.policy == EvictionPolicy::fifo);
}

TEST_CASE("set_option stores a value and its origin", "[config]") {
  Settings settings;
  REQUIRE(set_option(settings, "redis.pool_size", "5", "a test"));
  CHECK(settings.redis.pool_size == 5);
  CHECK(settings.origins.at("redis.pool_size") == "a test");
}

TEST_CASE("set_option refuses an unknown key and names a near one", "[config]") {
  Settings settings;
  const auto refused = set_option(settings, "redis.prot", "1", "a test");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::invalid_argument);
  CHECK(refused.error().message.find("'redis.prot'") != std::string::npos);
  CHECK(refused.error().hint == "did you mean redis.port?");
  const auto far = set_option(settings, "colour\n", "red", "a test");
  CHECK(far.error().message == "unknown option 'colour\\x0a'");
  CHECK(far.error().hint.find("redis.port") != std::string::npos);
}

TEST_CASE("a value that is refused changes nothing", "[config]") {
  Settings settings;
  const auto refused = set_option(settings, "redis.port", "70000", "a test");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        "a test: redis.port: expected a number from 1 to 65535, not '70000'");
  CHECK(settings.redis.port == 6379);
  CHECK(settings.origins.empty());
}

TEST_CASE("password and password file replace each other", "[config]") {
  Settings settings;
  REQUIRE(set_option(settings, "redis.password_file", "/run/secret", "a"));
  REQUIRE(set_option(settings, "redis.password", "pw", "b"));
  CHECK(settings.redis_password_file.empty());
  REQUIRE(set_option(settings, "redis.password_file", "/run/secret", "c"));
  CHECK(settings.redis.password.empty());
}
