#pragma once

#include "expander/cache_access.hpp"
#include "expander/expander_state.hpp"
#include "expander/fetch_plan.hpp"
#include "expander/load_task.hpp"

#include <cachekit/fetched.hpp>
#include <cachekit/loader.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cachekit {

/// One fetch on its caller's thread: does what the plan says, and tells it what came of it.
/// (`BulkRun` carries out the steps of many at once, and has each of them told here.)
/// Threads: one.
class FetchRun {
 public:
  FetchRun(ExpanderState& state, const EntityKind& kind, std::string_view key,
           detail::FetchJob& job, const FetchOptions& options, Ttl ttl, const CacheAccess& cache);

  /// Errors: see `CacheExpander::fetch`.
  [[nodiscard]] Result<FetchInfo> go();
  /// The same for one that has looked up already, when so many flights had landed.
  [[nodiscard]] Result<FetchInfo> go_on(LookUp found, std::uint64_t landed_before);

 private:
  friend class BulkRun;
  using Step = FetchPlan::Step;

  [[nodiscard]] Result<FetchInfo> go_from(Step step);
  [[nodiscard]] Step take(Step step);
  [[nodiscard]] Step look_up();
  [[nodiscard]] Step looked_up(LookUp found);
  [[nodiscard]] Step drop();
  [[nodiscard]] Step dropped(Result<bool> outcome);
  [[nodiscard]] Step join();
  [[nodiscard]] Step wait();
  [[nodiscard]] Step waited(Arrival arrival, std::chrono::milliseconds timeout);
  [[nodiscard]] Step confirm();
  [[nodiscard]] Step confirmed(LookUp found);
  [[nodiscard]] Step poll();
  [[nodiscard]] Step may_poll();
  [[nodiscard]] Step load();
  [[nodiscard]] LoadTask task();
  [[nodiscard]] Step load_ended(Result<LoadTask::Outcome> outcome);
  [[nodiscard]] Step load_in_background(LoadTask task, std::chrono::milliseconds at_most);
  [[nodiscard]] Step load_arrived(Arrival arrival, std::chrono::milliseconds at_most);
  [[nodiscard]] Step load_alone();
  [[nodiscard]] Step loaded_alone(Result<bool> present);
  [[nodiscard]] Result<FetchInfo> end(Step step);

  [[nodiscard]] Arrival wait_for_landing(Runtime::steady_time until);
  [[nodiscard]] Arrival accept(const Landing& landing);
  [[nodiscard]] Step failed(LoadEnd end, Error error);
  [[nodiscard]] std::optional<std::chrono::milliseconds> longest_load() const;
  [[nodiscard]] std::chrono::milliseconds longest_wait() const;
  [[nodiscard]] FetchPolicy as_it_is() const;
  void keep_seen(LookUp& found);
  void note(Result<void> outcome);

  ExpanderState& state_;
  const EntityKind& kind_;
  const std::string_view key_;
  detail::FetchJob& job_;
  const FetchOptions& options_;
  const FetchPolicy& policy_;
  const Ttl ttl_;
  CacheAccess cache_;
  FetchPlan plan_;
  FetchInfo info_{};
  Error error_{};
  std::uint64_t landed_before_ = 0;
  bool distrusted_ = false;  ///< An invalidation of the key has not reached the cache.
  StoreRight right_{};       ///< With the entry that was found, as long as it may still be needed.
  unsigned polls_ = 0;
  Runtime::steady_time poll_until_{};
  FlightTable::Place place_{};
};

}  // namespace cachekit
