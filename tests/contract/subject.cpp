#include "subject.hpp"

#include "support/servers.hpp"

#include <cachekit/memcached.hpp>
#include <cachekit/memory.hpp>
#include <cachekit/redis.hpp>

#include <atomic>
#include <chrono>

namespace cachekit::test {
namespace {

using namespace std::chrono_literals;

// Generous, so that a busy machine or a sanitizer fails no test.
constexpr auto patience = 30s;
constexpr Bytes redis_bound = mebibytes(2);

struct Servers {
  RedisServer redis{{.unix_socket = true}};
  std::array<MemcachedServer, 4> memcached{};
};

Servers& servers() {
  static Servers all;
  return all;
}

std::unique_ptr<CacheBackend> make_redis(bool unix_socket) {
  RedisConfig config{
      .port = servers().redis.port(), .operation_timeout = patience, .max_value = redis_bound};
  if (unix_socket) {
    config.unix_socket = servers().redis.unix_socket();
    config.port = 1;  // Where nothing listens, so that the socket must have been used.
  } else {
    config.host = "127.0.0.1";
  }
  return std::make_unique<RedisBackend>(std::move(config));
}

std::unique_ptr<CacheBackend> make_memcached(std::size_t first, std::size_t count) {
  MemcachedConfig config{.operation_timeout = patience};
  for (std::size_t i = first; i < first + count; ++i) {
    config.servers.push_back(servers().memcached[i].endpoint());
  }
  return std::make_unique<MemcachedBackend>(std::move(config));
}

}  // namespace

std::string_view to_string(Kind kind) noexcept {
  switch (kind) {
    case Kind::memory:
      return "memory";
    case Kind::redis:
      return "redis over TCP";
    case Kind::redis_unix:
      return "redis over a unix socket";
    case Kind::memcached:
      return "one memcached";
    case Kind::memcached_three:
      return "three memcached";
  }
  return "";
}

std::unique_ptr<CacheBackend> make_backend(Kind kind) {
  switch (kind) {
    case Kind::memory:
      return std::make_unique<InMemoryBackend>();
    case Kind::redis:
      return make_redis(false);
    case Kind::redis_unix:
      return make_redis(true);
    case Kind::memcached:
      return make_memcached(0, 1);
    case Kind::memcached_three:
      return make_memcached(1, 3);
  }
  return nullptr;
}

Subject::Subject(Kind kind) : kind_(kind), backend_(make_backend(kind)) {
  static std::atomic<unsigned> serial{0};
  prefix_ = "subject" + std::to_string(++serial) + ":";
}

std::size_t Subject::nodes() const noexcept { return kind_ == Kind::memcached_three ? 3 : 1; }

std::size_t Subject::oversize() const {
  const bool server_bound = kind_ == Kind::memcached || kind_ == Kind::memcached_three;
  return server_bound ? (1U << 20U) + 1 : backend_->capabilities().max_value_bytes + 1;
}

}  // namespace cachekit::test
