// One way for all that callers do not wait for: checked and budgeted before it starts, counted when
// it is done.

#include "core/count_outcome.hpp"
#include "core/deferred_state.hpp"
#include "core/guarded.hpp"
#include "core/operation_check.hpp"
#include "core/outgrown.hpp"

#include <cachekit/backend.hpp>

#include <new>
#include <utility>

namespace cachekit {
namespace {

// A value that is too large: what it was to replace is removed in its place, and then its caller is
// told. Lifetime: the driver, longer.
template <Discardable Operation>
class Discarding final : public DeferredState<bool> {
 public:
  Discarding(Report report, Error refusal)
      : DeferredState(std::move(report)), refusal_(std::move(refusal)) {}

  void start(Driver& driver, const AsyncCall<Operation>& call) {
    AnyAsyncCall remove(AsyncCall<Operation>{.operation = discarding(call.operation),
                                             .deadline = call.deadline,
                                             .stop = stop_token(),
                                             .report = [](const Result<bool>&) {}});
    driver.start(remove);
    begin(call.stop);
    Pending<bool> removed = std::move(std::get<AsyncCall<Operation>>(remove).pending);
    const bool heard = removed.try_step([this](const Result<bool>& outcome) {
      if (!outcome) add_failure(outcome.error());
      settle(fail(std::move(refusal_)));
    });
    if (!heard) settle(fail(std::move(refusal_)));
  }

 private:
  void add_failure(const Error& error) noexcept {
    try {
      refusal_.message += older_value_stays(error);
    } catch (const std::bad_alloc&) {  // What was refused is told all the same.
    }
  }

  Error refusal_;
};

}  // namespace

void CacheBackend::begin(AnyAsyncCall& call, const Timeout& timeout) {
  const auto started = Deadline::clock::now();
  begin_by(call, deadline_for(timeout, started, driver_->never_blocks()), started);
}

void CacheBackend::begin_by(AnyAsyncCall& any, const Result<Deadline>& deadline,
                            Deadline::clock::time_point started) {
  const auto run = [&]<typename Operation>(AsyncCall<Operation>& call) {
    using Value = typename Operation::Value;
    const auto report = [this, started](const Result<Value>& result) {
      metrics_.record_latency(Deadline::clock::now() - started);
      count_outcome<Operation>(metrics_, result);
    };
    call.report = report;
    Result<Value> refused = guarded(Errc::overloaded, [&]() -> Result<Value> {
      if (!deadline) return fail(Error(deadline.error()));
      if (Result<void> valid = check_operation(*driver_, call.operation); !valid) {
        return fail(std::move(valid).error());
      }
      call.deadline = *deadline;
      if constexpr (Discardable<Operation>) {
        if (Result<void> fits = driver_->check_value(call.operation.value); !fits) {
          auto* const state = new Discarding<Operation>(report, std::move(fits).error());
          call.pending = Pending<bool>(state);
          state->start(*driver_, call);
          return {};
        }
      }
      driver_->start(any);
      return {};
    });
    if (refused) return;  // No: it is under way, or done.
    call.report = report;
    call.done(std::move(refused));
  };
  std::visit(run, any);
}

}  // namespace cachekit
