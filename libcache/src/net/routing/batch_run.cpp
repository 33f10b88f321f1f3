#include "net/routing/batch_run.hpp"

#include "core/out_of_memory.hpp"
#include "net/failure.hpp"

#include <algorithm>
#include <new>
#include <numeric>
#include <span>
#include <string_view>
#include <unordered_set>
#include <utility>

namespace cachekit::net {

// What there is no memory to ask again stays refused.
void BatchRun::run() {
  line_up_all();
  while (!queues_.empty()) {
    run_round();
    queues_.clear();
    if (refused_.empty()) return;
    try {
      leave_out_overtaken();
      line_up_refused();
    } catch (const std::bad_alloc&) {
      return;
    }
  }
}

void BatchRun::line_up_all() {
  if (NodeRef sole = dispatcher_.router_.sole_node()) {
    std::vector<std::size_t>& positions =
        queues_.emplace_back(Queue{.node = std::move(sole)}).positions;
    positions.resize(batch_.size());
    std::iota(positions.begin(), positions.end(), std::size_t{0});
    return;
  }
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    line_up(i, dispatcher_.router_.node_of(batch_.key(i)), false);
  }
}

void BatchRun::line_up(std::size_t position, NodeRef&& node, bool prelude) {
  if (!node) return batch_.refuse(position, dispatcher_.router_.no_node(batch_.key(position)));
  // Mostly it goes where the one before it went.
  const bool same = last_ < queues_.size() && queues_[last_].is_for(node, prelude);
  if (!same) last_ = queue_for(std::move(node), prelude);
  queues_[last_].positions.push_back(position);
}

// There are few.
std::size_t BatchRun::queue_for(NodeRef&& node, bool prelude) {
  const auto is_it = [&](const Queue& queue) { return queue.is_for(node, prelude); };
  const auto found = std::ranges::find_if(queues_, is_it);
  const auto number = static_cast<std::size_t>(found - queues_.begin());
  if (found == queues_.end()) {
    queues_.push_back({.node = std::move(node), .prelude = prelude});
    if (number == 0) queues_.front().positions.reserve(batch_.size());  // It may be all of them.
  }
  return number;
}

// Those of which a later command of the same key has its outcome for good. Afterwards they are in
// the order of the call, whichever node was first to refuse.
void BatchRun::leave_out_overtaken() {
  std::ranges::sort(refused_, {}, &Refused::position);
  if (std::ranges::all_of(refused_, &Refused::idempotent)) return;
  std::unordered_set<std::string_view> settled;  // The keys of what comes later.
  std::size_t later = batch_.size();
  for (std::size_t i = refused_.size(); i-- > 0;) {
    Refused& one = refused_[i];
    while (--later > one.position) settled.insert(batch_.key(later));
    one.overtaken = !one.idempotent && settled.contains(batch_.key(one.position));
    if (one.overtaken) settled.insert(batch_.key(one.position));
  }
  std::erase_if(refused_, [](const Refused& one) { return one.overtaken; });
}

void BatchRun::line_up_refused() {
  const std::vector<Refused> refused = std::exchange(refused_, {});
  const auto pause = std::exchange(pause_, {});
  const bool awake =
      pause == pause.zero() || dispatcher_.pauses_.wait_until(Deadline::clock::now() + pause);
  for (const Refused& one : refused) {
    if (!awake) {
      batch_.refuse(one.position, backend_destroyed({}));
    } else if (one.to) {
      line_up(one.position, NodeRef(one.to), one.prelude);
    } else {
      line_up(one.position, dispatcher_.router_.node_of(batch_.key(one.position)), false);
    }
  }
}

void BatchRun::run_round() {
  if (queues_.size() == 1) return run_alone(queues_.front());
  FanOut calls(queues_.size());
  for (std::size_t i = 0; i < queues_.size(); ++i) start_next(i, calls);
  while (!calls.empty()) {
    const FanOut::Settled settled = calls.wait_for_any();
    take(queues_[settled.slot], settled.outcome);
    start_next(settled.slot, calls);
  }
}

void BatchRun::run_alone(Queue& queue) {
  while (begin_piece(queue)) {
    const bool late = queue.begun > queue.piece && deadline_.expired();
    take(queue, late ? Result<void>(fail(too_late_to_begin(queue.node->endpoint())))
                     : queue.node->channel().execute(*queue.request, deadline_));
  }
}

void BatchRun::start_next(std::size_t number, FanOut& calls) {
  Queue& queue = queues_[number];
  if (begin_piece(queue)) calls.start(number, queue.node->channel(), *queue.request, deadline_);
}

// Those for which there is no memory are refused; the others go on.
bool BatchRun::begin_piece(Queue& queue) {
  while (queue.begun < queue.positions.size()) {
    const std::size_t first = queue.begun;
    for (std::size_t bytes = 0; queue.begun < queue.positions.size() && bytes < piece_bytes;) {
      bytes += batch_.bytes(queue.positions[queue.begun++]);
    }
    queue.piece = queue.begun - first;
    const auto positions = std::span(queue.positions).subspan(first, queue.piece);
    try {
      queue.request = batch_.request(positions, queue.prelude);
      note_writes(*queue.request, positions);
      return true;
    } catch (const std::bad_alloc&) {
      for (const std::size_t position : positions) batch_.refuse(position, out_of_memory());
    }
  }
  return false;
}

void BatchRun::note_writes(const Request& request,
                           std::span<const std::size_t> positions) noexcept {
  if (dispatcher_.router_.fixed() || request.idempotent()) return;
  for (const std::size_t position : positions) dispatcher_.writes_.begin(batch_.key(position));
}

void BatchRun::take(Queue& queue, const Result<void>& outcome) {
  const bool fixed = dispatcher_.router_.fixed();
  const std::size_t first = queue.begun - queue.piece;
  for (std::size_t i = 0; i < queue.piece; ++i) {
    if (!fixed && was_refused(*queue.request, i, outcome)) {
      take_refused(queue, i, outcome);
    } else {
      batch_.deliver(*queue.request, i, queue.positions[first + i], outcome, *queue.node);
    }
  }
  queue.request.reset();
}

// It has its refusal for an outcome until it has another one.
void BatchRun::take_refused(const Queue& queue, std::size_t index, const Result<void>& outcome) {
  const std::size_t position = queue.positions[queue.begun - queue.piece + index];
  Result<Verdict> verdict = judge_command(queue, index, position, outcome);
  if (!verdict) return batch_.refuse(position, std::move(verdict).error());
  const bool idempotent = queue.request->idempotent();
  batch_.deliver(*queue.request, index, position, outcome, *queue.node);
  if (verdict->action == Verdict::Action::deliver) return;
  if (pause_ == pause_.zero()) pause_ = verdict->pause;
  refused_.push_back({position, std::move(verdict->to), verdict->prelude, idempotent});
}

Result<Verdict> BatchRun::judge_command(const Queue& queue, std::size_t index, std::size_t position,
                                        const Result<void>& outcome) noexcept {
  try {
    if (reroutes_.empty()) reroutes_.resize(batch_.size());
    refused_.reserve(batch_.size());
  } catch (const std::bad_alloc&) {
    return Verdict::deliver();
  }
  return judge(dispatcher_.router_, {*queue.request, index, outcome, *queue.node},
               reroutes_[position], deadline_);
}

}  // namespace cachekit::net
