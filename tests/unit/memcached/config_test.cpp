#include "support/catch.hpp"

#include <cachekit/memcached.hpp>

using namespace cachekit;
using namespace std::chrono_literals;

TEST_CASE("a configuration that cannot work is refused before any I/O", "[memcached]") {
  const auto spoil = GENERATE(values<void (*)(MemcachedConfig&)>({
      [](MemcachedConfig& c) { c.servers.clear(); },
      [](MemcachedConfig& c) { c.servers.push_back("no port:x"); },
      [](MemcachedConfig& c) { c.max_connections = 0; },
      [](MemcachedConfig& c) { c.min_connections = c.max_connections + 1; },
      [](MemcachedConfig& c) { c.max_in_flight = 0; },
      [](MemcachedConfig& c) { c.max_in_flight_bytes = {}; },
      [](MemcachedConfig& c) { c.connection_timeout = 0ms; },
      [](MemcachedConfig& c) { c.operation_timeout = -1ms; },
      [](MemcachedConfig& c) { c.max_value = {0}; },
      [](MemcachedConfig& c) { c.max_value = gibibytes(2); },
  }));
  MemcachedConfig config{.servers = {"127.0.0.1:1"}};
  spoil(config);
  MemcachedBackend backend(config);
  CHECK(backend.connect().error().code == Errc::invalid_argument);
  CHECK(backend.get("k").error().code == Errc::invalid_argument);
  CHECK(backend.get_many(std::vector<std::string_view>{"k"})[0].error().code ==
        Errc::invalid_argument);
  CHECK(backend.ping().nodes.at(0).error->code == Errc::invalid_argument);
  CHECK(backend.clear().error().code == Errc::invalid_argument);
}

TEST_CASE("a value over max_value is too large before anything is sent", "[memcached]") {
  MemcachedBackend backend({.servers = {"127.0.0.1:1"}, .max_value = {10}});
  const SetOptions if_absent{.condition = SetCondition::if_absent};
  CHECK(backend.set("k", "12345678901", if_absent).error().code == Errc::too_large);
  CHECK(backend.capabilities().max_value_bytes == 10);
}

TEST_CASE("what memcached cannot do is refused and announced", "[memcached]") {
  MemcachedBackend backend({.servers = {"127.0.0.1:1"}});
  CHECK_FALSE(backend.capabilities().scan);
  CHECK_FALSE(backend.capabilities().remove_matching);
  const auto scanned = backend.scan({}, [](std::string_view) { return true; });
  CHECK(scanned.error().code == Errc::unsupported);
  CHECK_FALSE(scanned.error().hint.empty());
  CHECK(backend.remove_matching("*").error().code == Errc::unsupported);
}

TEST_CASE("one server owns every key and the error of a bad key says so", "[memcached]") {
  MemcachedBackend backend({.servers = {"cache1:11299"}});
  CHECK(backend.server_of("k") == "cache1:11299");
  CHECK(backend.server_of("").error().code == Errc::invalid_argument);
  CHECK(backend.target() == "memcached://cache1:11299");
}
