// Many operations of one call whose caller does not wait for them: one countdown over requests that
// are begun a few hundred at a time, so that a large batch leaves room for others.

#include "core/deferred_state.hpp"
#include "core/out_of_memory.hpp"

#include <cachekit/backend.hpp>

#include <cstddef>
#include <mutex>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace cachekit {
namespace {

constexpr std::size_t most_under_way = 256;

}  // namespace

/// Lifetime: the backend, longer. Threads: callbacks of any.
template <typename Operation>
class CacheBackend::Gathering final
    : public DeferredState<std::vector<Result<typename Operation::Value>>> {
 public:
  using Value = typename Operation::Value;
  using Outcomes = std::vector<Result<Value>>;
  using Base = DeferredState<Outcomes>;

  Gathering(CacheBackend& backend, std::span<const Operation> operations,
            const Result<Deadline>& deadline)
      : Base([](const Result<Outcomes>&) {}),
        backend_(backend),
        deadline_(deadline),
        started_(Deadline::clock::now()),
        outcomes_(operations.size()) {
    std::size_t bytes = 0;
    for (const Operation& one : operations) bytes += operation::bytes_of(one);
    bytes_.reserve(bytes);
    operations_.reserve(operations.size());
    for (const Operation& one : operations) {
      operations_.push_back(operation::copied_into(bytes_, one));
    }
  }

  void start(std::stop_token stop) {
    Base::begin(std::move(stop));
    go_on();
  }

 private:
  // One thread at a time begins requests; what is done at once is done while it does.
  void go_on() noexcept {
    std::unique_lock lock(mutex_);
    if (beginning_) return;
    beginning_ = true;
    while (next_ < operations_.size() && next_ - done_ < most_under_way) {
      const std::size_t position = next_++;
      lock.unlock();
      begin_one(position);
      lock.lock();
    }
    beginning_ = false;
    const bool over = done_ == operations_.size() && !std::exchange(settled_, true);
    lock.unlock();
    if (over) Base::settle(std::move(outcomes_));
  }

  void begin_one(std::size_t position) noexcept {
    this->retain();  // Until its callback is over, after which there may be nobody else.
    Pending<Value> begun = Pending<Value>::out_of_memory();
    try {
      AnyAsyncCall call(AsyncCall<Operation>{.operation = operations_[position],
                                             .deadline = Deadline::after(forever),
                                             .stop = Base::stop_token()});
      backend_.begin_by(call, deadline_, started_);
      begun = std::move(std::get<AsyncCall<Operation>>(call).pending);
    } catch (const std::bad_alloc&) {  // As it stands.
    }
    const bool heard = begun.try_then([this, position](Result<Value> outcome) {
      take(position, std::move(outcome));
      go_on();
      this->release();
    });
    if (heard) return;
    take(position, fail(out_of_memory(in_doubt<Operation>)));
    this->release();
  }

  void take(std::size_t position, Result<Value> outcome) noexcept {
    const std::lock_guard lock(mutex_);
    outcomes_[position] = std::move(outcome);
    ++done_;
  }

  CacheBackend& backend_;
  const Result<Deadline> deadline_;
  const Deadline::clock::time_point started_;
  std::string bytes_{};  // Of all operations.
  std::vector<Operation> operations_{};

  std::mutex mutex_;  // guards the members below
  Outcomes outcomes_;
  std::size_t next_ = 0;
  std::size_t done_ = 0;
  bool beginning_ = false;
  bool settled_ = false;
};

void CacheBackend::begin_many(AnyAsyncBatch& any, const Timeout& timeout) {
  const auto run = [&]<typename Operation>(detail::AsyncBatch<Operation>& batch) {
    using Outcomes = typename detail::AsyncBatch<Operation>::Outcomes;
    try {
      auto* const state = new Gathering<Operation>(*this, batch.operations, deadline_for(timeout));
      batch.pending = Pending<Outcomes>(state);
      state->start(std::move(batch.stop));
    } catch (const std::bad_alloc&) {
      metrics_.count(CacheMetrics::Event::error, batch.operations.size());
      batch.pending = Pending<Outcomes>::out_of_memory();
    }
  };
  std::visit(run, any);
}

}  // namespace cachekit
