// One way for all that callers wait for, one operation or many: arguments are checked, the budget
// is set, and outcomes are counted here; a driver sees only what is valid.

#include "core/count_outcome.hpp"
#include "core/latency_sampling.hpp"
#include "core/operation_check.hpp"
#include "core/out_of_memory.hpp"
#include "core/outgrown.hpp"

#include <cachekit/backend.hpp>

#include <cstddef>
#include <new>
#include <numeric>
#include <stdexcept>
#include <utility>
#include <vector>

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

// Operations of which some have values that are too large, in their order: those become removals.
template <Discardable Operation>
class Discards {
 public:
  /// Errors: `overloaded` and the like, as allocations give.
  Discards(const Driver& driver, std::span<const Operation> all) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!replaces(all[i])) continue;  // Checked before.
      Result<void> fits = driver.check_value(all[i].value);
      if (fits) continue;
      if (operations_.empty()) operations_.assign(all.begin(), all.end());
      operations_[i] = discarding(all[i]);
      refusals_.emplace_back(i, std::move(fits).error());
    }
  }

  [[nodiscard]] bool any() const noexcept { return !operations_.empty(); }
  /// What is to be run in the place of all.
  [[nodiscard]] std::span<const Operation> operations() const noexcept { return operations_; }
  /// Says what was refused, and what could not be removed.
  void tell(std::span<Result<bool>> outcomes) {
    for (auto& [position, refusal] : refusals_) {
      if (const Result<bool>& removed = outcomes[position]; !removed) {
        refusal.message += older_value_stays(removed.error());
      }
      outcomes[position] = fail(std::move(refusal));
    }
  }

 private:
  std::vector<Operation> operations_{};
  std::vector<std::pair<std::size_t, Error>> refusals_{};
};

template <Discardable Operation>
void run_stores(Driver& driver, const BatchOf<Operation>& batch, Deadline deadline, Errc& code) {
  Discards<Operation> discards(driver, batch.operations);
  code = in_doubt<Operation>;
  if (!discards.any()) return driver.run(batch, deadline);
  driver.run(BatchOf<Operation>{discards.operations(), batch.outcomes}, deadline);
  discards.tell(batch.outcomes);
}

template <typename Operation>
void run_valid(Driver& driver, const BatchOf<Operation>& batch, Deadline deadline, Errc& code) {
  if constexpr (Discardable<Operation>) {
    run_stores(driver, batch, deadline, code);
  } else {
    code = in_doubt<Operation>;
    driver.run(batch, deadline);
  }
}

// `code`: of an error for want of memory, whenever it comes.
template <typename Operation>
void run_checked(Driver& driver, const BatchOf<Operation>& batch, Deadline deadline, Errc& code) {
  std::vector<Operation> valid;
  std::vector<std::size_t> positions;
  bool refused = false;
  for (std::size_t i = 0; i < batch.operations.size(); ++i) {
    Result<void> checked = check_operation(driver, batch.operations[i]);
    if (!checked) {
      if (!std::exchange(refused, true)) {  // From now on those that are valid go apart.
        const auto before = batch.operations.first(i);
        valid.assign(before.begin(), before.end());
        positions.resize(i);
        std::iota(positions.begin(), positions.end(), std::size_t{0});
      }
      batch.outcomes[i] = fail(std::move(checked).error());
    } else if (refused) {
      valid.push_back(batch.operations[i]);
      positions.push_back(i);
    }
  }
  if (!refused) return run_valid(driver, batch, deadline, code);
  if (valid.empty()) return;
  std::vector<typename BatchOf<Operation>::Outcome> outcomes(valid.size());
  run_valid(driver, BatchOf<Operation>{valid, outcomes}, deadline, code);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    batch.outcomes[positions[i]] = std::move(outcomes[i]);
  }
}

}  // namespace

void CacheBackend::run_batch(const AnyBatch& any, const CallOptions& options) {
  if (options.stop.stop_possible()) return run_until_stopped(any, options);
  const auto run = [&]<typename Operation>(const BatchOf<Operation>& batch) {
    const bool never_blocks = driver_->never_blocks();
    const Stopwatch stopwatch(metrics_, never_blocks);
    Errc code = Errc::overloaded;
    const auto without_memory = [&] { fail_each(batch, out_of_memory(code)); };
    try {
      const Result<Deadline> deadline =
          deadline_for(options.timeout, stopwatch.start(), never_blocks);
      if (!deadline) {
        fail_each(batch, deadline.error());
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
