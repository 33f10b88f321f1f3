#include "memcached/counting_batch.hpp"

#include "core/out_of_memory.hpp"
#include "memcached/counting_call.hpp"

#include <cachekit/pending.hpp>

#include <algorithm>
#include <cstdint>
#include <new>
#include <utility>

namespace cachekit::memcached {

CountingBatch::CountingBatch(Cluster& cluster, const BatchOf<operation::Increment>& batch,
                             Deadline deadline, std::size_t window)
    : cluster_(cluster),
      batch_(batch),
      deadline_(deadline),
      window_(window),
      queues_(cluster.size()) {
  for (std::size_t i = 0; i < batch.operations.size(); ++i) {
    queues_[cluster.owner_number(batch.operations[i].key)].positions.push_back(i);
  }
  const std::size_t most = std::min(batch.operations.size(), window * queues_.size());
  finished_.reserve(most);
  taken_.reserve(most);
}

void CountingBatch::run() {
  for (std::size_t node = 0; node < queues_.size(); ++node) {
    for (std::size_t i = 0; i < window_; ++i) begin_next(node);
  }
  std::size_t left = batch_.operations.size();
  while (left > 0) {
    wait_for_some();
    for (const std::size_t node : taken_) begin_next(node);
    left -= taken_.size();
  }
}

void CountingBatch::begin_next(std::size_t node) {
  Queue& queue = queues_[node];
  if (queue.begun == queue.positions.size()) return;
  const std::size_t position = queue.positions[queue.begun++];
  const operation::Increment& one = batch_.operations[position];
  auto counting = Pending<std::int64_t>::out_of_memory(Errc::overloaded);
  try {
    auto* const state =
        new CountingCall(cluster_, one.key, one.by, deadline_, [](const Result<std::int64_t>&) {});
    Pending<std::int64_t> begun(state);
    state->start({});
    counting = std::move(begun);
  } catch (const std::bad_alloc&) {  // Then nothing is under way.
  }
  const bool heard = counting.try_then([this, node, position](Result<std::int64_t> outcome) {
    batch_.outcomes[position] = std::move(outcome);
    finish(node);
  });
  if (heard) return;
  batch_.outcomes[position] = fail(out_of_memory(Errc::outcome_unknown));
  finish(node);
}

// Tells under the lock: the batch may be gone as soon as that is free.
void CountingBatch::finish(std::size_t node) noexcept {
  const std::lock_guard lock(mutex_);
  finished_.push_back(node);
  signal_.notify_one();
}

void CountingBatch::wait_for_some() {
  taken_.clear();
  std::unique_lock lock(mutex_);
  signal_.wait(lock, [&] { return !finished_.empty(); });
  finished_.swap(taken_);
}

}  // namespace cachekit::memcached
