#pragma once

#include "memcached/cluster.hpp"
#include "memcached/compare_and_set.hpp"
#include "net/routing/fan_out.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/operation.hpp>

#include <cstddef>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <vector>

namespace cachekit::memcached {

/// Compares and sets many entries for a caller who waits and leads. On each server those that have
/// the same to ask, for what there is or to change it, ask together, whatever the other servers do
/// meanwhile: one that hangs holds up nobody else's. Of those of one key each begins when the
/// one before it is done.
///
/// Errors: none is thrown; where memory runs out, a change that was sent is `outcome_unknown`.
class CompareAndSetBatch {
 public:
  /// Lifetime: the operations and outcomes, longer.
  CompareAndSetBatch(Cluster& cluster, const BatchOf<operation::CompareAndSet>& batch,
                     Deadline deadline);

  /// Returns when all have their outcomes.
  void run();

 private:
  // One that has begun.
  struct Unfinished {
    std::size_t position;
    CompareAndSetSteps steps;
    std::optional<Command> next{};
  };

  // What one server has to do, and what it is being asked.
  struct Queue {
    std::deque<std::size_t> ready{};  // May begin.
    std::list<Unfinished> unfinished{};
    std::vector<std::list<Unfinished>::iterator> asked{};
    std::optional<Batch> request{};
  };

  void line_up();
  [[nodiscard]] Queue& queue_of(std::size_t position);
  void ask_next(std::size_t server, net::FanOut& calls);
  void begin_ready(Queue& queue, const std::string& endpoint);
  void take(Queue& queue, const Result<void>& outcome, const std::string& endpoint);
  void go_on(Queue& queue, std::list<Unfinished>::iterator one);

  Cluster& cluster_;
  const BatchOf<operation::CompareAndSet> batch_;
  const Deadline deadline_;
  std::vector<Queue> queues_;             // One for each server.
  std::vector<std::size_t> next_of_key_;  // Of each its successor under the same key, or none.
};

}  // namespace cachekit::memcached
