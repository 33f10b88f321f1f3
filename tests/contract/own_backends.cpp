// The backends of the library, and the ways to reach them, as candidates of the specification.

#include "support/servers.hpp"

#include <cachekit/contract.hpp>
#include <cachekit/memcached.hpp>
#include <cachekit/memory.hpp>
#include <cachekit/redis.hpp>

#include <array>
#include <chrono>

namespace cachekit::contract {
namespace {

using namespace std::chrono_literals;

// Generous, so that a busy machine or a sanitizer fails no test.
constexpr auto patience = 30s;
constexpr Bytes redis_bound = mebibytes(2);
constexpr std::size_t beyond_memcached = (1U << 20U) + 1;  // A bound of the server's own.

struct Servers {
  test::RedisServer redis{{.unix_socket = true}};
  std::array<test::MemcachedServer, 4> memcached{};
};

Servers& servers() {
  static Servers all;
  return all;
}

std::unique_ptr<CacheBackend> make_redis() {
  return std::make_unique<RedisBackend>(RedisConfig{.host = "127.0.0.1",
                                                    .port = servers().redis.port(),
                                                    .operation_timeout = patience,
                                                    .max_value = redis_bound});
}

std::unique_ptr<CacheBackend> make_redis_unix() {
  return std::make_unique<RedisBackend>(
      RedisConfig{.port = 1,  // Where nothing listens, so that the socket must have been used.
                  .unix_socket = servers().redis.unix_socket(),
                  .operation_timeout = patience,
                  .max_value = redis_bound});
}

std::unique_ptr<CacheBackend> make_redis_with_leases() {
  return std::make_unique<RedisBackend>(RedisConfig{.host = "127.0.0.1",
                                                    .port = servers().redis.port(),
                                                    .operation_timeout = patience,
                                                    .max_value = redis_bound,
                                                    .leases = true});
}

std::unique_ptr<CacheBackend> make_memcached(std::size_t first, std::size_t count) {
  MemcachedConfig config{.operation_timeout = patience};
  for (std::size_t i = first; i < first + count; ++i) {
    config.servers.push_back(servers().memcached[i].endpoint());
  }
  return std::make_unique<MemcachedBackend>(std::move(config));
}

}  // namespace

std::vector<Candidate> candidates() {
  return {
      {.name = "memory", .make = [] { return std::make_unique<InMemoryBackend>(); }},
      {.name = "redis over TCP", .make = make_redis, .shares_data = true},
      {.name = "redis over a unix socket", .make = make_redis_unix, .shares_data = true},
      {.name = "redis with leases", .make = make_redis_with_leases, .shares_data = true},
      {.name = "one memcached",
       .make = [] { return make_memcached(0, 1); },
       .shares_data = true,
       .oversize = beyond_memcached,
       .drops_what_it_refuses = true},
      {.name = "three memcached",
       .make = [] { return make_memcached(1, 3); },
       .shares_data = true,
       .nodes = 3,
       .oversize = beyond_memcached,
       .drops_what_it_refuses = true},
  };
}

}  // namespace cachekit::contract
