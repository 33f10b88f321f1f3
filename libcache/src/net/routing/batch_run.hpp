#pragma once

#include "net/routing/dispatcher.hpp"
#include "net/routing/fan_out.hpp"
#include "net/routing/reroutes.hpp"
#include "net/routing/split_batch.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace cachekit::net {

/// Carries out the commands of one call in rounds: all of them at the nodes of their keys, then
/// those that were refused where their nodes say, until none is left. A write behind which another
/// command of its key was carried out stays refused: it would undo that. Threads: one.
class BatchRun {
 public:
  BatchRun(Dispatcher& dispatcher, SplitBatch& batch, Deadline deadline) noexcept
      : dispatcher_(dispatcher), batch_(batch), deadline_(deadline) {}

  void run();

 private:
  // The commands for one node in one round, and the piece of them that is under way.
  struct Queue {
    NodeRef node{};
    bool prelude = false;
    std::vector<std::size_t> positions{};
    std::size_t begun = 0;
    std::size_t piece = 0;
    std::unique_ptr<Request> request{};

    [[nodiscard]] bool is_for(const NodeRef& which, bool with_prelude) const noexcept {
      return node == which && prelude == with_prelude;
    }
  };
  struct Refused {
    std::size_t position;
    NodeRef to;  // Null for the node that its key has then.
    bool prelude;
    bool idempotent;
    bool overtaken = false;
  };

  void line_up_all();
  void line_up(std::size_t position, NodeRef&& node, bool prelude);
  [[nodiscard]] std::size_t queue_for(NodeRef&& node, bool prelude);
  void line_up_refused();
  void leave_out_overtaken();
  void run_round();
  void run_alone(Queue& queue);
  void start_next(std::size_t number, FanOut& calls);
  [[nodiscard]] bool begin_piece(Queue& queue);
  void note_writes(const Request& request, std::span<const std::size_t> positions) noexcept;
  void take(Queue& queue, const Result<void>& outcome);
  [[nodiscard]] Result<Verdict> judge_command(const Queue& queue, std::size_t index,
                                              std::size_t position,
                                              const Result<void>& outcome) noexcept;
  void take_refused(const Queue& queue, std::size_t index, const Result<void>& outcome);

  Dispatcher& dispatcher_;
  SplitBatch& batch_;
  const Deadline deadline_;
  std::vector<Queue> queues_;
  std::size_t last_ = 0;               // Of the queues, that which has got one last.
  std::vector<Refused> refused_;       // For the next round.
  std::vector<Reroutes> reroutes_;     // One for each command, from the first refusal on.
  std::chrono::microseconds pause_{};  // Before the next round: of the first that wants one.
};

}  // namespace cachekit::net
