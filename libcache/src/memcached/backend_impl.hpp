#pragma once

#include "memcached/cluster.hpp"

#include <cachekit/memcached.hpp>

namespace cachekit {

/// The configuration, and the cluster that came of it or the reason why there is none.
class MemcachedBackend::Impl {
 public:
  explicit Impl(MemcachedConfig settings)
      : config(std::move(settings)), cluster(memcached::Cluster::build(config)) {}

  [[nodiscard]] Result<memcached::Reply> ask(const memcached::Command& command, Deadline deadline) {
    if (!cluster) return fail(cluster.error());
    return cluster->ask(command, deadline);
  }

  /// The command that stores an item. Errors: `too_large`, `invalid_argument`.
  [[nodiscard]] Result<memcached::Command> store_command(const SetItem& item,
                                                         SetCondition condition) const;

  const MemcachedConfig config;
  Result<memcached::Cluster> cluster;
};

}  // namespace cachekit
