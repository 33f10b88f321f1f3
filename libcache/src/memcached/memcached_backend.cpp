#include "memcached/memcached_driver.hpp"

#include <cachekit/memcached.hpp>

#include <utility>

namespace cachekit {
namespace {

// The driver that each of these backends is made with.
memcached::MemcachedDriver& driver_of(Driver& driver) noexcept {
  return static_cast<memcached::MemcachedDriver&>(driver);
}

}  // namespace

MemcachedBackend::MemcachedBackend(MemcachedConfig config)
    : CacheBackend(std::make_unique<memcached::MemcachedDriver>(std::move(config))) {}

MemcachedBackend::~MemcachedBackend() { driver_of(driver()).end(); }

Result<std::string> MemcachedBackend::server_of(std::string_view key) const {
  const Result<memcached::Cluster>& cluster = driver_of(driver()).cluster();
  if (!cluster) return fail(cluster.error());
  return driver().check_key(key).map([&] { return cluster->owner(key).endpoint(); });
}

}  // namespace cachekit
