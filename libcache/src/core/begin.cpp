// One way for all that callers do not wait for: checked and budgeted before it starts, counted when
// it is done.

#include "core/count_outcome.hpp"
#include "core/operation_check.hpp"
#include "core/out_of_memory.hpp"

#include <cachekit/backend.hpp>

#include <new>
#include <type_traits>
#include <utility>

namespace cachekit {
namespace {

// Not a call of its own, and not counted as one.
void remove_outgrown(Driver& driver, const AsyncCall<operation::Set>& set) {
  if (set.failed_at_once != Errc::too_large) return;
  if (set.operation.condition == SetCondition::if_absent) return;
  AnyAsyncCall remove(AsyncCall<operation::Remove>{.operation = {set.operation.key},
                                                   .deadline = set.deadline,
                                                   .report = [](const Result<bool>&) {}});
  try {
    driver.start(remove);
  } catch (const std::bad_alloc&) {  // Then it stays, as where the server cannot be reached.
  }
}

}  // namespace

void CacheBackend::begin(AnyAsyncCall& any, const Timeout& timeout) {
  const auto run = [&]<typename Operation>(AsyncCall<Operation>& call) {
    using Value = typename Operation::Value;
    const auto started = Deadline::clock::now();
    const auto report = [this, started](const Result<Value>& result) {
      metrics_.record_latency(Deadline::clock::now() - started);
      count_outcome<Operation>(metrics_, result);
    };
    Result<Value> refused = fail(out_of_memory());
    try {
      call.report = report;
      const Result<Deadline> deadline = deadline_for(timeout, started);
      Result<void> valid = deadline ? check_operation(*driver_, call.operation)
                                    : Result<void>(fail(deadline.error()));
      if (valid) {
        call.deadline = *deadline;
        driver_->start(any);
        if constexpr (std::is_same_v<Operation, operation::Set>) remove_outgrown(*driver_, call);
        return;
      }
      refused = fail(std::move(valid).error());
    } catch (const std::bad_alloc&) {  // Nothing is under way yet.
    }
    report(refused);
    try {
      call.pending = ready_pending(std::move(refused));
    } catch (const std::bad_alloc&) {
      call.pending = Pending<Value>::out_of_memory();
    }
  };
  std::visit(run, any);
}

}  // namespace cachekit
