// Many operations of one call whose caller does not wait for them: one countdown over requests that
// are begun side by side, on the thread of the call. So they reach each node in program order, none
// waits for another's node, and the bounds of what may be under way hold for them as for any other.

#include "core/deferred_state.hpp"
#include "core/out_of_memory.hpp"

#include <cachekit/backend.hpp>

#include <atomic>
#include <cstddef>
#include <exception>
#include <new>
#include <utility>
#include <vector>

namespace cachekit {
/// Threads: callbacks of any.
template <typename Operation>
class CacheBackend::Gathering final
    : public DeferredState<std::vector<Result<typename Operation::Value>>> {
 public:
  using Value = typename Operation::Value;
  using Outcomes = std::vector<Result<Value>>;
  using Base = DeferredState<Outcomes>;

  explicit Gathering(std::size_t size)
      : Base([](const Result<Outcomes>&) {}), outcomes_(size), left_(size + 1) {}

  /// Lifetime: the operations, until this returns.
  void start(CacheBackend& backend, std::span<const Operation> operations,
             const Result<Deadline>& deadline, std::stop_token stop) {
    const auto started = Deadline::clock::now();
    Base::begin(std::move(stop));
    for (std::size_t i = 0; i < operations.size(); ++i) {
      begin_one(backend, operations[i], i, deadline, started);
    }
    count_down();
  }

 private:
  void begin_one(CacheBackend& backend, const Operation& operation, std::size_t position,
                 const Result<Deadline>& deadline, Deadline::clock::time_point started) noexcept {
    Pending<Value> begun = Pending<Value>::out_of_memory();
    try {
      AnyAsyncCall call(AsyncCall<Operation>{.operation = operation,
                                             .deadline = Deadline::after(forever),
                                             .stop = Base::stop_token()});
      backend.begin_by(call, deadline, started);
      begun = std::move(std::get<AsyncCall<Operation>>(call).pending);
    } catch (const std::bad_alloc&) {  // As it stands.
    }
    const bool heard = begun.try_step([this, position](Result<Value> outcome) {
      outcomes_[position] = std::move(outcome);
      count_down();
    });
    if (heard) return;
    outcomes_[position] = fail(out_of_memory(in_doubt<Operation>));
    count_down();
  }

  // Once for each operation, and once for the call that begins them. It may be gone then.
  void count_down() noexcept {
    if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) Base::settle(std::move(outcomes_));
  }

  Outcomes outcomes_;  // Each is written once, by whoever settles that operation.
  std::atomic<std::size_t> left_;
};

void CacheBackend::begin_many(AnyAsyncBatch& any, const Result<Deadline>& deadline) {
  const auto run = [&]<typename Operation>(detail::AsyncBatch<Operation>& batch) {
    using Outcomes = typename detail::AsyncBatch<Operation>::Outcomes;
    try {
      auto* const state = new Gathering<Operation>(batch.operations.size());
      batch.pending = Pending<Outcomes>(state);
      state->start(*this, batch.operations, deadline, std::move(batch.stop));
    } catch (const std::exception&) {  // No memory, or more than there could be.
      metrics_.count(CacheMetrics::Event::error, batch.operations.size());
      batch.pending = Pending<Outcomes>::out_of_memory();
    }
  };
  std::visit(run, any);
}

}  // namespace cachekit
