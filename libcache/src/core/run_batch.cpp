// One way for all that callers wait for, one operation or many: arguments are checked, the budget
// is set, and outcomes are counted here; a driver sees only what is valid.

#include "core/count_outcome.hpp"
#include "core/latency_sampling.hpp"
#include "core/operation_check.hpp"
#include "core/out_of_memory.hpp"

#include <cachekit/backend.hpp>

#include <new>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

namespace cachekit {
namespace {

// For how many calls this one's latency stands. The first of all is timed, so that few calls are
// seen, too.
unsigned weight(const CacheMetrics& metrics, bool never_blocks) noexcept {
  if (!never_blocks) return 1;
  if (core::LatencySampling::next_is_timed()) return core::LatencySampling::one_in;
  return metrics.latency().empty() ? 1 : 0;
}

class Stopwatch {
 public:
  Stopwatch(CacheMetrics& metrics, bool never_blocks) noexcept
      : metrics_(metrics), times_(weight(metrics, never_blocks)) {
    if (times_ > 0) start_ = Deadline::clock::now();
  }
  ~Stopwatch() {
    if (times_ > 0) metrics_.record_latency(Deadline::clock::now() - start_, times_);
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

  /// Requires: calls may block.
  [[nodiscard]] Deadline::clock::time_point start() const noexcept { return start_; }

 private:
  CacheMetrics& metrics_;
  unsigned times_;
  Deadline::clock::time_point start_{};
};

template <typename Operation>
void fail_all(const BatchOf<Operation>& batch, const Error& error) {
  for (auto& outcome : batch.outcomes) outcome = fail(Error(error));
}

// Of what grew too large no older value is left.
void remove_outgrown(Driver& driver, const BatchOf<operation::Set>& batch, Deadline deadline) {
  for (std::size_t i = 0; i < batch.outcomes.size(); ++i) {
    Result<bool>& stored = batch.outcomes[i];
    if (!leaves_older_value(batch.operations[i], stored)) continue;
    const operation::Remove remove{batch.operations[i].key};
    Result<bool> removed;
    driver.run(BatchOf<operation::Remove>{{&remove, 1}, {&removed, 1}}, deadline);
    if (removed) continue;
    stored.error().message += fmt::format("; the older value could not be removed either ({})",
                                          removed.error().describe());
  }
}

template <typename Operation>
void run_valid(Driver& driver, const BatchOf<Operation>& batch, Deadline deadline, Errc& code) {
  if (changes(Operation::effect)) code = Errc::outcome_unknown;
  driver.run(batch, deadline);
  if constexpr (std::is_same_v<Operation, operation::Set>) {
    remove_outgrown(driver, batch, deadline);
  }
}

// `code`: of an error for want of memory, whenever it comes.
template <typename Operation>
void run_checked(Driver& driver, const BatchOf<Operation>& batch, Deadline deadline, Errc& code) {
  std::vector<bool> refused;
  for (std::size_t i = 0; i < batch.operations.size(); ++i) {
    Result<void> valid = check_operation(driver, batch.operations[i]);
    if (valid) continue;
    batch.outcomes[i] = fail(std::move(valid).error());
    if (batch.operations.size() == 1) return;
    refused.resize(batch.operations.size());
    refused[i] = true;
  }
  if (refused.empty()) return run_valid(driver, batch, deadline, code);

  std::vector<Operation> operations;
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < refused.size(); ++i) {
    if (refused[i]) continue;
    operations.push_back(batch.operations[i]);
    positions.push_back(i);
  }
  if (operations.empty()) return;
  std::vector<typename BatchOf<Operation>::Outcome> outcomes(operations.size());
  run_valid(driver, BatchOf<Operation>{operations, outcomes}, deadline, code);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    batch.outcomes[positions[i]] = std::move(outcomes[i]);
  }
}

}  // namespace

void CacheBackend::run_batch(const AnyBatch& any, const Timeout& timeout) {
  const auto run = [&]<typename Operation>(const BatchOf<Operation>& batch) {
    const Stopwatch stopwatch(metrics_, driver_->never_blocks());
    Errc code = Errc::overloaded;
    const auto without_memory = [&] {
      for (auto& outcome : batch.outcomes) outcome = fail(out_of_memory(code));
    };
    try {
      const Result<Deadline> deadline = deadline_for(timeout, stopwatch.start());
      if (!deadline) {
        fail_all(batch, deadline.error());
      } else if (!batch.operations.empty()) {
        run_checked(*driver_, batch, *deadline, code);
      }
    } catch (const std::bad_alloc&) {
      without_memory();
    } catch (const std::length_error&) {  // More than any allocation could give.
      without_memory();
    }
    for (const auto& outcome : batch.outcomes) count_outcome<Operation>(metrics_, outcome);
  };
  std::visit(run, any);
}

}  // namespace cachekit
