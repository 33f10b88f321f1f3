#include "support.hpp"
#include "support/catch.hpp"

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

TEST_CASE("make_backend builds what the settings name", "[config]") {
  Settings settings;
  CHECK(make_backend(settings).value()->name() == "memory");
  REQUIRE(apply_url(settings, "redis://cache.example:6390/2"));
  CHECK(make_backend(settings).value()->target() == "redis://cache.example:6390/2");
  REQUIRE(apply_url(settings, "memcached://a:1,b:2"));
  CHECK(make_backend(settings).value()->name() == "memcached");
}

TEST_CASE("a backend from make_backend works", "[config]") {
  const auto backend = make_backend(Settings{});
  REQUIRE(backend);
  REQUIRE((*backend)->set("user:1", "Ada"));
  CHECK((*backend)->get("user:1").value() == "Ada");
}

TEST_CASE("make_backend refuses impossible values that were filled in by hand", "[config]") {
  const auto message = [](const Settings& settings) {
    const auto backend = make_backend(settings);
    REQUIRE_FALSE(backend);
    CHECK(backend.error().code == Errc::invalid_argument);
    return backend.error().message;
  };
  Settings settings;
  settings.operation_timeout = 0ms;
  CHECK(message(settings) ==
        "operation_timeout: expected more than zero; no limit is spelled forever, not '0ms'");
  settings = {};
  settings.memory.capacity = Bytes{0};
  CHECK(message(settings).starts_with("memory.capacity: expected a size"));
  settings = {.backend = BackendKind::redis};
  settings.redis.port = 0;
  CHECK(message(settings).starts_with("redis.port: expected"));
  settings = {.backend = BackendKind::redis, .redis_password_file = "/nowhere/secret"};
  CHECK(message(settings) == "redis.password_file: /nowhere/secret: no such file");
  settings = {.backend = BackendKind::memcached};
  CHECK(message(settings) == "memcached.servers: expected at least one server");
  settings.memcached.servers = {"a"};
  settings.memcached.max_connections = 1;
  CHECK(message(settings).find("memcached.min_connections: expected at most") == 0);
}

TEST_CASE("values of a backend that is not chosen do not matter", "[config]") {
  Settings settings;
  settings.redis.port = 0;
  CHECK(make_backend(settings));
}

TEST_CASE("backend_from_environment is memory when nothing is set", "[config]") {
  const auto backend = backend_from_environment(environment_of({}));
  REQUIRE(backend);
  CHECK((*backend)->name() == "memory");
}

TEST_CASE("backend_from_environment follows CACHE_BACKEND", "[config]") {
  const auto made = [](Variables variables) {
    return backend_from_environment(environment_of(std::move(variables)));
  };
  CHECK(made({{"CACHE_BACKEND", "redis"}, {"REDIS_HOST", "r"}, {"REDIS_PORT", "7"}})
            .value()
            ->target() == "redis://r:7/0");
  CHECK(made({{"CACHE_BACKEND", "Memcached"},
              {"MEMCACHED_SERVERS", "a:1"},
              {"MEMCACHED_POOL_SIZE", "1"}})
            .value()
            ->name() == "memcached");
  CHECK(made({{"REDIS_HOST", "r"}}).value()->name() == "memory");
  const auto none = made({{"CACHE_BACKEND", "memcached"}});
  REQUIRE_FALSE(none);
  CHECK(none.error().hint.find("MEMCACHED_SERVERS") != std::string::npos);
  const auto unknown = made({{"CACHE_BACKEND", "riak"}});
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().message ==
        "environment CACHE_BACKEND: backend: expected memory, redis or memcached, not 'riak'");
}
