#include "memcached/counting_batch.hpp"

#include "core/out_of_memory.hpp"

#include <algorithm>
#include <iterator>
#include <new>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace cachekit::memcached {

CountingBatch::CountingBatch(Cluster& cluster, const BatchOf<operation::Increment>& batch,
                             Deadline deadline)
    : cluster_(cluster), batch_(batch), deadline_(deadline), queues_(cluster.size()) {
  for (std::size_t i = 0; i < batch.operations.size(); ++i) {
    queues_[cluster.owner_number(batch.operations[i].key)].positions.push_back(i);
    batch_.outcomes[i] = fail(out_of_memory(Errc::overloaded));  // Until it is sent.
  }
}

void CountingBatch::run() {
  try {
    net::FanOut calls(queues_.size());
    for (std::size_t i = 0; i < queues_.size(); ++i) static_cast<void>(ask_next(i, calls));
    while (!calls.empty()) {
      const net::FanOut::Settled settled = calls.wait_for_any();
      Queue& queue = queues_[settled.slot];
      take(queue, settled.outcome, cluster_.nodes()[settled.slot]->endpoint());
      static_cast<void>(ask_next(settled.slot, calls));
    }
  } catch (const std::bad_alloc&) {  // Those that have no outcome of their own say so.
  }
}

// False where nothing is left to be asked.
bool CountingBatch::ask_next(std::size_t server, net::FanOut& calls) {
  Queue& queue = queues_[server];
  queue.asked.clear();
  queue.request.emplace();
  const std::string& endpoint = cluster_.nodes()[server]->endpoint();
  if (!ask_unfinished(queue) && !try_piece(queue, endpoint) && !ask_unfinished(queue)) return false;
  Deadline due = deadline_;
  for (const Unfinished* counter : queue.asked) {
    if (const Deadline its = counter->counting.due(deadline_); its.at() > due.at()) due = its;
  }
  calls.start(server, cluster_.nodes()[server]->channel(), *queue.request, due);
  return true;
}

// What takes a change back comes first, and by itself: there is room and time for it in any case.
bool CountingBatch::ask_unfinished(Queue& queue) {
  const bool repairs = std::ranges::any_of(
      queue.unfinished, [](const Unfinished& counter) { return counter.next->is_follow_up; });
  for (Unfinished& counter : queue.unfinished) {
    if (counter.next->is_follow_up != repairs) continue;
    queue.asked.push_back(&counter);
    queue.request->add(*counter.next);
  }
  return !queue.asked.empty();
}

// What is not to be tried is looked at after it.
bool CountingBatch::try_piece(Queue& queue, const std::string& endpoint) {
  queue.tried.clear();
  const auto full = [&] {
    const std::size_t looks = queue.unfinished.size() * sizeof(Unfinished);
    return queue.request->bytes() + looks >= net::piece_bytes;
  };
  while (queue.begun < queue.positions.size() && !full()) {
    const std::size_t position = queue.positions[queue.begun];
    const operation::Increment& one = batch_.operations[position];
    ++queue.begun;
    if (!Counting::is_small(one.by)) {
      look_first(queue, position, endpoint);
      continue;
    }
    for (const Command& command : attempt(one.key, one.by)) queue.request->add(command);
    batch_.outcomes[position] = fail(out_of_memory(Errc::outcome_unknown));
    queue.tried.push_back(position);
  }
  return !queue.tried.empty();
}

void CountingBatch::look_first(Queue& queue, std::size_t position, const std::string& endpoint) {
  const operation::Increment& one = batch_.operations[position];
  queue.unfinished.push_back({position, Counting(one.key, one.by, endpoint)});
  queue.unfinished.back().next = queue.unfinished.back().counting.first_look();
  batch_.outcomes[position] = fail(out_of_memory(Errc::outcome_unknown));
}

void CountingBatch::take(Queue& queue, const Result<void>& outcome, const std::string& endpoint) {
  if (!outcome) queue.request->fail_sent(outcome.error());
  for (Result<Reply>& reply : queue.request->replies()) locate(reply, endpoint);
  queue.asked.empty() ? take_tried(queue, endpoint) : take_answers(queue);
}

void CountingBatch::take_tried(Queue& queue, const std::string& endpoint) {
  std::vector<Result<Reply>>& replies = queue.request->replies();
  std::unordered_map<std::string_view, Unfinished*> refused;  // The last one of each key.
  for (std::size_t i = 0; i < queue.tried.size(); ++i) {
    const std::size_t position = queue.tried[i];
    const operation::Increment& one = batch_.operations[position];
    const auto same_key = refused.find(one.key);
    if (same_key != refused.end() &&
        join(*same_key->second, position, replies[2 * i], replies[2 * i + 1])) {
      continue;
    }
    queue.unfinished.push_back({position, Counting(one.key, one.by, endpoint)});
    const auto counter = std::prev(queue.unfinished.end());
    counter->next = counter->counting.tried(std::move(replies[2 * i]), replies[2 * i + 1]);
    if (counter->next && counter->next->is_follow_up) refused[one.key] = &*counter;
    go_on(queue, counter);
  }
}

// Whether it was tried where a refused one still stood.
bool CountingBatch::join(Unfinished& counter, std::size_t position, const Result<Reply>& before,
                         const Result<Reply>& after) {
  std::optional<Result<std::int64_t>> outcome =
      counter.counting.also_tried(batch_.operations[position].by, before, after);
  if (!outcome) return false;
  counter.next = counter.counting.begin_to_take_back();
  if (*outcome) {
    batch_.outcomes[position] = *std::move(outcome);
  } else {
    counter.companions.push_back({position, std::move(*outcome).error()});
  }
  return true;
}

void CountingBatch::take_answers(Queue& queue) {
  const std::vector<Result<Reply>>& replies = queue.request->replies();
  auto at = queue.unfinished.begin();
  for (std::size_t i = 0; i < queue.asked.size(); ++i) {
    while (&*at != queue.asked[i]) ++at;  // Both are in one order.
    const auto counter = at++;
    counter->next = counter->counting.answered(replies[i]);
    go_on(queue, counter);
  }
}

void CountingBatch::go_on(Queue& queue, std::list<Unfinished>::iterator counter) {
  if (counter->next) return;
  Result<std::int64_t>& outcome = counter->counting.outcome();
  const bool known = outcome || outcome.error().code != Errc::outcome_unknown;
  for (Companion& other : counter->companions) {
    batch_.outcomes[other.position] = fail(known ? std::move(other.why) : outcome.error());
  }
  batch_.outcomes[counter->position] = std::move(outcome);
  queue.unfinished.erase(counter);
}

}  // namespace cachekit::memcached
