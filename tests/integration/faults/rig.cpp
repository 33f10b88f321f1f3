#include "rig.hpp"

#include <cachekit/memcached.hpp>
#include <cachekit/redis.hpp>

namespace cachekit::test {
namespace {

std::unique_ptr<LocalServer> start_server(Kind kind) {
  if (kind == Kind::redis) return std::make_unique<RedisServer>();
  return std::make_unique<MemcachedServer>();
}

}  // namespace

std::string_view to_string(Kind kind) noexcept {
  return kind == Kind::redis ? "redis" : "memcached";
}

std::unique_ptr<CacheBackend> client_of(Kind kind, std::uint16_t port,
                                        std::chrono::milliseconds operation_timeout) {
  if (kind == Kind::redis) {
    return std::make_unique<RedisBackend>(RedisConfig{.host = "127.0.0.1",
                                                      .port = port,
                                                      .operation_timeout = operation_timeout,
                                                      .client_name = {}});
  }
  return std::make_unique<MemcachedBackend>(
      MemcachedConfig{.servers = {"127.0.0.1:" + std::to_string(port)},
                      .min_connections = 1,
                      .operation_timeout = operation_timeout});
}

void expect_greeting(Kind kind, Peer& peer) {
  peer.expect(kind == Kind::redis ? "*1\r\n$4\r\nPING\r\n" : "mn\r\n");
  peer.send(kind == Kind::redis ? "+PONG\r\n" : "MN\r\n");
}

Rig::Rig(Kind kind, std::chrono::milliseconds operation_timeout)
    : server_(start_server(kind)),
      proxy_(std::make_unique<FaultProxy>(server_->port())),
      cache_(client_of(kind, proxy_->port(), operation_timeout)),
      truth_(client_of(kind, server_->port())) {}

}  // namespace cachekit::test
