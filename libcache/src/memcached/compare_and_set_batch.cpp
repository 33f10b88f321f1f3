#include "memcached/compare_and_set_batch.hpp"

#include "core/out_of_memory.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <new>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace cachekit::memcached {
namespace {

constexpr std::size_t no_successor = std::numeric_limits<std::size_t>::max();

}  // namespace

CompareAndSetBatch::CompareAndSetBatch(Cluster& cluster,
                                       const BatchOf<operation::CompareAndSet>& batch,
                                       Deadline deadline)
    : cluster_(cluster),
      batch_(batch),
      deadline_(deadline),
      queues_(cluster.size()),
      next_of_key_(batch.operations.size(), no_successor) {
  for (auto& outcome : batch_.outcomes) outcome = fail(out_of_memory());  // Until it is sent.
}

void CompareAndSetBatch::run() {
  try {
    line_up();
    net::FanOut calls(queues_.size());
    for (std::size_t i = 0; i < queues_.size(); ++i) ask_next(i, calls);
    while (!calls.empty()) {
      const net::FanOut::Settled settled = calls.wait_for_any();
      take(queues_[settled.slot], settled.outcome, cluster_.nodes()[settled.slot]->endpoint());
      ask_next(settled.slot, calls);
    }
  } catch (const std::bad_alloc&) {  // Those that have no outcome of their own say so.
  }
}

void CompareAndSetBatch::line_up() {
  std::unordered_map<std::string_view, std::size_t> last;
  for (std::size_t i = 0; i < batch_.operations.size(); ++i) {
    const auto [found, first] = last.try_emplace(batch_.operations[i].key, i);
    if (first) {
      queue_of(i).ready.push_back(i);
    } else {
      next_of_key_[std::exchange(found->second, i)] = i;
    }
  }
}

CompareAndSetBatch::Queue& CompareAndSetBatch::queue_of(std::size_t position) {
  return queues_[cluster_.owner_number(batch_.operations[position].key)];
}

// Looks and changes go apart: of a request that holds a change and breaks, all is in doubt.
void CompareAndSetBatch::ask_next(std::size_t server, net::FanOut& calls) {
  Queue& queue = queues_[server];
  queue.asked.clear();
  queue.request.emplace();
  begin_ready(queue, cluster_.nodes()[server]->endpoint());
  const auto is_look = [](const Unfinished& one) { return is_read(one.next->verb); };
  const bool looks = std::ranges::all_of(queue.unfinished, is_look);
  std::size_t to_come = 0;  // About: of values that are as expected.
  for (auto one = queue.unfinished.begin(); one != queue.unfinished.end(); ++one) {
    if (is_look(*one) != looks) continue;
    if (queue.request->bytes() + to_come >= net::piece_bytes) break;
    if (looks) to_come += batch_.operations[one->position].expected.size();
    queue.asked.push_back(one);
    queue.request->add(*one->next);
    if (cluster_.expects_large(*one->next)) queue.request->expect_large();
    cluster_.note_stored(*one->next);
    if (!looks) batch_.outcomes[one->position] = fail(out_of_memory(Errc::outcome_unknown));
  }
  if (queue.asked.empty()) return;
  calls.start(server, cluster_.nodes()[server]->channel(), *queue.request, deadline_);
}

// As many as a piece has room for; one that cannot even be begun makes room for the next.
void CompareAndSetBatch::begin_ready(Queue& queue, const std::string& endpoint) {
  constexpr std::size_t most = net::piece_bytes / sizeof(Command);
  while (!queue.ready.empty() && queue.unfinished.size() < most) {
    const std::size_t position = queue.ready.front();
    queue.ready.pop_front();
    queue.unfinished.push_back(
        {position, CompareAndSetSteps(batch_.operations[position], endpoint)});
    const auto one = std::prev(queue.unfinished.end());
    one->next = one->steps.begin();
    go_on(queue, one);
  }
}

void CompareAndSetBatch::take(Queue& queue, const Result<void>& outcome,
                              const std::string& endpoint) {
  if (!outcome) queue.request->fail_sent(outcome.error());
  std::vector<Result<Reply>>& replies = queue.request->replies();
  for (std::size_t i = 0; i < queue.asked.size(); ++i) {
    const auto one = queue.asked[i];
    cluster_.note_fetched(*one->next, replies[i]);
    locate(replies[i], endpoint);
    one->next = one->steps.answered(std::move(replies[i]));
    go_on(queue, one);
  }
}

void CompareAndSetBatch::go_on(Queue& queue, std::list<Unfinished>::iterator one) {
  if (one->next) return;
  const std::size_t successor = next_of_key_[one->position];
  batch_.outcomes[one->position] = std::move(one->steps.outcome());
  queue.unfinished.erase(one);
  if (successor != no_successor) queue.ready.push_front(successor);
}

}  // namespace cachekit::memcached
