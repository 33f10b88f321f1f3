#pragma once

#include "expander/bulk_access.hpp"
#include "expander/bulk_load.hpp"
#include "expander/expander_state.hpp"
#include "expander/fetch_run.hpp"

#include <cachekit/bulk_loader.hpp>
#include <cachekit/entity.hpp>
#include <cachekit/fetched.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit {

/// One key of a bulk call. Those of one call differ.
struct BulkKey {
  EntityKind kind;
  std::string key;
  Ttl ttl = Ttl::none();
  std::size_t index = 0;  ///< In the job.
};

/// A fetch of many keys on its caller's thread: the steps of many fetches, each kind of them
/// carried out for all whose plans have come to it, as one batch or one call of the loader.
///
/// This thread waits for nobody's load while it owns a flight: it loads what is its own first. So
/// calls whose keys overlap never wait in a circle.
///
/// Threads: one.
class BulkRun {
 public:
  using Outcomes = std::vector<Result<FetchInfo>>;

  /// Lifetime: all of it outlives the run.
  BulkRun(ExpanderState& state, const std::vector<BulkKey>& keys, detail::BulkJob& job,
          const FetchOptions& options, Outcomes& outcomes);

  /// Puts the outcome of each key in its place.
  void go();

 private:
  using Step = FetchPlan::Step;

  // One fetch that the cache has not answered at once.
  struct Item {
    const BulkKey* key;
    FetchRun run;
    Step step;
    bool waiting = false;   ///< It has begun to wait.
    bool own_load = false;  ///< It waits for a load of this call in the background.
    std::chrono::milliseconds timeout{0};
    Runtime::steady_time until{};
  };
  using Items = std::vector<Item*>;

  [[nodiscard]] Item& add(const BulkKey& key);
  [[nodiscard]] Items at(Step step);
  void begin();
  void look_up();
  void looked_up(const BulkKey& key, Result<std::optional<std::string>> reply,
                 std::uint64_t landed_before);
  void drop();
  void advance();
  void join();
  void confirm();
  void look_again(const Items& items);
  [[nodiscard]] bool load();
  void load_here(BulkLoad load, const Items& items);
  void load_in_background(BulkLoad load, const Items& items);
  [[nodiscard]] bool load_alone();
  [[nodiscard]] bool poll();
  void see_who_arrived();
  void begin_to_wait(Item& item) const;
  void wait_for(Item& item, Runtime::steady_time until);
  void end();
  [[nodiscard]] Runtime::steady_time now() const noexcept { return state_.options.runtime->now(); }

  ExpanderState& state_;
  const std::vector<BulkKey>& keys_;
  detail::BulkJob& job_;
  const FetchOptions& options_;
  const FetchPolicy& policy_;
  Outcomes& outcomes_;
  BulkAccess cache_;
  std::list<Item> items_{};
};

}  // namespace cachekit
