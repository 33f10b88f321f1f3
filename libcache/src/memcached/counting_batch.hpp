#pragma once

#include "memcached/cluster.hpp"
#include "memcached/counting.hpp"
#include "net/routing/fan_out.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>
#include <cachekit/operation.hpp>

#include <cstddef>
#include <list>
#include <optional>
#include <vector>

namespace cachekit::memcached {

/// Counts up many counters for a caller who waits and leads. On each server all are tried at once,
/// and those that need it go through their further steps together, whatever the other servers do
/// meanwhile: one that hangs holds up nobody else's. Several increments of one counter are judged
/// as if they came one after the other; all that is refused of them is taken back at once. Large
/// steps come after the small ones of their piece.
///
/// Errors: none is thrown; where memory runs out, what was sent is `outcome_unknown`.
class CountingBatch {
 public:
  /// Lifetime: the operations and outcomes, longer.
  CountingBatch(Cluster& cluster, const BatchOf<operation::Increment>& batch, Deadline deadline);

  /// Returns when all have their outcomes.
  void run();

 private:
  // What was refused with a counter, and is taken back with it.
  struct Companion {
    std::size_t position;
    Error why;
  };

  // A counter that was tried and needs another step.
  struct Unfinished {
    std::size_t position;
    Counting counting;
    std::optional<Command> next{};
    std::vector<Companion> companions{};
  };

  // The counters of one server, in their order, and what it is being asked.
  struct Queue {
    std::vector<std::size_t> positions{};
    std::size_t begun = 0;             // With so many of them.
    std::vector<std::size_t> tried{};  // Of the last piece of them.
    std::list<Unfinished> unfinished{};
    std::vector<Unfinished*> asked{};  // Of these; none while counters are tried.
    std::optional<Batch> request{};
  };

  [[nodiscard]] bool ask_next(std::size_t server, net::FanOut& calls);
  [[nodiscard]] bool ask_unfinished(Queue& queue);
  [[nodiscard]] bool try_piece(Queue& queue, const std::string& endpoint);
  void look_first(Queue& queue, std::size_t position, const std::string& endpoint);
  void take(Queue& queue, const Result<void>& outcome, const std::string& endpoint);
  void take_tried(Queue& queue, const std::string& endpoint);
  void take_answers(Queue& queue);
  [[nodiscard]] bool join(Unfinished& counter, std::size_t position, const Result<Reply>& before,
                          const Result<Reply>& after);
  void go_on(Queue& queue, std::list<Unfinished>::iterator counter);

  Cluster& cluster_;
  const BatchOf<operation::Increment> batch_;
  const Deadline deadline_;
  std::vector<Queue> queues_;  // One for each server.
};

}  // namespace cachekit::memcached
