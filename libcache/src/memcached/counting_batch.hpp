#pragma once

#include "memcached/cluster.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/driver.hpp>
#include <cachekit/operation.hpp>

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <vector>

namespace cachekit::memcached {

/// Counts up many counters for a caller who waits. Each goes through its steps by itself, and so
/// many are under way on each server at a time: one that hangs holds up nobody else's.
class CountingBatch {
 public:
  /// `window`: on a server at a time. Lifetime: the operations and outcomes, longer.
  CountingBatch(Cluster& cluster, const BatchOf<operation::Increment>& batch, Deadline deadline,
                std::size_t window);

  /// Returns when all have their outcomes. Requires: not on a driver's thread.
  void run();

 private:
  // The counters of one server, in their order.
  struct Queue {
    std::vector<std::size_t> positions{};
    std::size_t begun = 0;
  };

  void begin_next(std::size_t node);
  void finish(std::size_t node) noexcept;
  void wait_for_some();

  Cluster& cluster_;
  const BatchOf<operation::Increment> batch_;
  const Deadline deadline_;
  const std::size_t window_;
  std::vector<Queue> queues_;
  std::vector<std::size_t> taken_;  // Out of finished_. These two never grow: while calls are under
                                    // way, there must be no failure.
  std::mutex mutex_;                // guards the members below
  std::condition_variable signal_;
  std::vector<std::size_t> finished_;  // The server of each that has finished.
};

}  // namespace cachekit::memcached
