#include "servers.hpp"

#include "clients/cachekit_client.hpp"

#include <cachekit/memcached.hpp>
#include <cachekit/redis.hpp>

#include <chrono>

namespace cachekit::bench {
namespace {

// A machine that hangs for a while shall not fail a run.
constexpr std::chrono::seconds budget(60);

}  // namespace

std::uint16_t Servers::redis_port() {
  if (!redis_) {
    redis_.emplace();
    welcome(*redis());
  }
  return redis_->port();
}

std::uint16_t Servers::memcached_port() {
  if (!memcached_) {
    memcached_.emplace();
    welcome(*memcached());
  }
  return memcached_->port();
}

std::unique_ptr<CacheBackend> Servers::redis() {
  return std::make_unique<RedisBackend>(
      RedisConfig{.host = host(), .port = redis_port(), .operation_timeout = budget});
}

std::unique_ptr<CacheBackend> Servers::memcached() {
  return std::make_unique<MemcachedBackend>(MemcachedConfig{
      .servers = {host() + ":" + std::to_string(memcached_port())}, .operation_timeout = budget});
}

void Servers::welcome(CacheBackend& backend) {
  fill(backend, keys_);
  const PingReport pings = backend.ping();
  if (!pings.nodes.empty()) versions_[std::string(backend.name())] = pings.nodes.front().version;
}

}  // namespace cachekit::bench
