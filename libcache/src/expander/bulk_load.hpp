#pragma once

#include "expander/bulk_access.hpp"
#include "expander/expander_state.hpp"
#include "expander/load_task.hpp"

#include <cachekit/bulk_loader.hpp>
#include <cachekit/error.hpp>

#include <cstddef>
#include <span>
#include <stop_token>
#include <utility>
#include <vector>

namespace cachekit {

/// How a bulk loader is called.
struct BulkTerms {
  std::chrono::milliseconds lease;
  unsigned retries = 0;
};

/// Calls the loader of a bulk job, and again after a failure as often as told.
/// Errors: `loader_failed`, the last call's.
[[nodiscard]] Result<Loaded> load_many(detail::BulkJob& job, std::span<const std::size_t> indices,
                                       BulkLoadContext& context, unsigned retries,
                                       ExpanderState& state);

/// The loads of several flights by one call of a bulk loader: answers all who wait for any of them,
/// and makes the cache agree, by a batch for all. The flights are over when this object is gone.
///
/// Threads: one at a time; not necessarily the caller's.
class BulkLoad {
 public:
  using Outcomes = std::vector<Result<LoadTask::Outcome>>;

  BulkLoad(ExpanderState& state, BulkTerms terms) : state_(state), terms_(terms) {}

  /// One more flight. `index`: of its key in the job.
  void add(LoadTask task, std::size_t index) {
    tasks_.push_back(std::move(task));
    indices_.push_back(index);
  }
  /// Another place in one of the flights, in the order in which they were added.
  [[nodiscard]] FlightTable::Place watch(std::size_t at) { return tasks_[at].watch(); }

  /// Loads nothing: whoever waits for one of the flights may load.
  void abandon(BulkAccess& cache);
  /// `stop` is that of the caller, as long as there is one. An outcome for each flight.
  [[nodiscard]] Outcomes run(detail::BulkJob& job, BulkAccess& cache, const std::stop_token& stop);

 private:
  struct Settling {
    std::size_t at;
    LoadTask::Settling how;
    Result<bool> done{false};
  };

  [[nodiscard]] Result<Loaded> call(detail::BulkJob& job, BulkLoadContext& context,
                                    const std::stop_token& stop);
  void fail_all(const Error& error, BulkAccess& cache, Outcomes& outcomes);
  void land(std::size_t at, const Result<Loaded>& loaded, detail::BulkJob& job,
            const BulkLoadContext& context, Outcomes& outcomes);
  void settle(BulkAccess& cache, Outcomes& outcomes);
  void carry_out(std::span<Settling> settlings, BulkAccess& cache);
  void give_back(BulkAccess& cache);

  ExpanderState& state_;
  const BulkTerms terms_;
  std::vector<LoadTask> tasks_{};
  std::vector<std::size_t> indices_{};
  std::vector<LoadTask::Answer> answers_{};  ///< Of each flight.
  std::vector<std::size_t> to_settle_{};     ///< Those whose answer is to be stored.
  std::vector<std::size_t> to_give_back_{};  ///< Those whose lease stores nothing.
};

}  // namespace cachekit
