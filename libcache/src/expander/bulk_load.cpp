#include "expander/bulk_load.hpp"

#include "expander/load_frame.hpp"

#include <atomic>
#include <deque>
#include <functional>
#include <optional>

namespace cachekit {
namespace {

// Is stopped when all of the flights are: as long as anybody wants one of the answers, the source
// is asked for them.
class StopOfAll {
 public:
  explicit StopOfAll(const std::vector<LoadTask>& tasks) : going_on_(tasks.size()) {
    for (const LoadTask& task : tasks) {
      callbacks_.emplace_back(task.place().stop(), [this] {
        if (going_on_.fetch_sub(1) == 1) stop_.request_stop();
      });
    }
  }
  [[nodiscard]] std::stop_token token() const noexcept { return stop_.get_token(); }

 private:
  std::stop_source stop_{};
  std::atomic<std::size_t> going_on_;
  std::deque<std::stop_callback<std::function<void()>>> callbacks_{};  // Use the others.
};

// Marks a thread as one that loads all of the flights, one within the other.
class LoadFrames {
 public:
  // All that may throw comes first: frames end in the reverse order of their making.
  LoadFrames(const FlightTable& table, const std::vector<LoadTask>& tasks, Runtime& runtime)
      : frames_(tasks.size()) {
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      frames_[i].emplace(table, *tasks[i].place().flight(), runtime);
    }
  }
  ~LoadFrames() {
    while (!frames_.empty()) frames_.pop_back();
  }
  LoadFrames(const LoadFrames&) = delete;
  LoadFrames& operator=(const LoadFrames&) = delete;

 private:
  std::deque<std::optional<LoadFrame>> frames_;
};

}  // namespace

Result<Loaded> load_many(detail::BulkJob& job, std::span<const std::size_t> indices,
                         BulkLoadContext& context, unsigned retries, ExpanderState& state) {
  const auto ask = [&] { return job.load(indices, context).map([] { return true; }); };
  return load(ask, context.stop_token(), retries, state.options.backoff, state.metrics,
              *state.options.runtime);
}

BulkLoad::Outcomes BulkLoad::run(detail::BulkJob& job, BulkAccess& cache,
                                 const std::stop_token& stop) {
  Outcomes outcomes(tasks_.size());
  answers_.resize(tasks_.size());
  const StopOfAll stop_of_all(tasks_);
  BulkLoadContext context(Deadline::after(terms_.lease, state_.options.runtime->now()),
                          stop_of_all.token());
  const Result<Loaded> loaded = call(job, context, stop);
  if (!loaded) {
    fail_all(loaded.error(), cache, outcomes);
    return outcomes;
  }
  for (std::size_t at = 0; at < tasks_.size(); ++at) land(at, loaded, job, context, outcomes);
  settle(cache, outcomes);
  return outcomes;
}

Result<Loaded> BulkLoad::call(detail::BulkJob& job, BulkLoadContext& context,
                              const std::stop_token& stop) {
  const LoadFrames frames(state_.flights, tasks_, *state_.options.runtime);
  const std::stop_callback on_stop(stop, [&] {
    for (const LoadTask& task : tasks_) state_.flights.withdraw(task.place());
  });
  return load_many(job, indices_, context, terms_.retries, state_);
}

void BulkLoad::abandon(BulkAccess& cache) {
  for (std::size_t at = 0; at < tasks_.size(); ++at) to_give_back_.push_back(at);
  give_back(cache);
}

void BulkLoad::fail_all(const Error& error, BulkAccess& cache, Outcomes& outcomes) {
  for (std::size_t at = 0; at < tasks_.size(); ++at) {
    tasks_[at].failed(error);
    outcomes[at] = fail(error);
  }
  abandon(cache);
}

// Answers who waits for one of them.
void BulkLoad::land(std::size_t at, const Result<Loaded>& loaded, detail::BulkJob& job,
                    const BulkLoadContext& context, Outcomes& outcomes) {
  LoadTask& task = tasks_[at];
  detail::FetchJob& own = job.at(indices_[at]);
  LoadContext of_key(context.deadline(), task.place().stop());
  if (context.ttl()) of_key.set_ttl(*context.ttl());
  const Result<bool> present = own.load(of_key);
  if (!present) {
    task.failed(present.error());
    outcomes[at] = fail(present.error());
    to_give_back_.push_back(at);
    return;
  }
  answers_[at] = task.wrap(own, CacheAccess(state_, task.key()),
                           {.present = *present, .cost = loaded->cost}, of_key);
  outcomes[at] = LoadTask::Outcome{.present = *present};
  (task.land(answers_[at]) ? to_settle_ : to_give_back_).push_back(at);
}

void BulkLoad::settle(BulkAccess& cache, Outcomes& outcomes) {
  std::vector<std::string_view> keys;
  std::vector<Settling> settlings;
  for (const std::size_t at : to_settle_) {
    const LoadTask::Settling how = tasks_[at].settling_of(answers_[at]);
    settlings.push_back({.at = at, .how = how});
    if (how != LoadTask::Settling::nothing) keys.push_back(tasks_[at].key());
  }
  const BulkAccess::Turns turns = cache.lock(keys);
  std::size_t next_turn = 0;
  for (Settling& one : settlings) {
    if (one.how != LoadTask::Settling::nothing) {
      if (!turns[next_turn++]) {
        one.done = fail(cache.no_turn(tasks_[one.at].key()));
        one.how = LoadTask::Settling::nothing;
        continue;
      }
      if (tasks_[one.at].may_store()) continue;
      one.how = LoadTask::Settling::nothing;
    }
    to_give_back_.push_back(one.at);
  }
  carry_out(settlings, cache);
  for (Settling& one : settlings) {
    const LoadTask::Answer& answer = answers_[one.at];
    const Result<bool> stored = tasks_[one.at].settled(answer, one.how, std::move(one.done));
    if (!stored) outcomes[one.at]->cache_error = stored.error();
    if (stored && *stored) outcomes[one.at]->remaining = answer.ttl;
  }
  give_back(cache);
}

// Asks the cache, while the keys are locked.
void BulkLoad::carry_out(std::span<Settling> settlings, BulkAccess& cache) {
  std::vector<BulkAccess::Store> stores;
  std::vector<std::string_view> drops;
  for (const Settling& one : settlings) {
    LoadTask& task = tasks_[one.at];
    const LoadTask::Answer& answer = answers_[one.at];
    if (one.how == LoadTask::Settling::drop) drops.push_back(task.key());
    if (one.how != LoadTask::Settling::store) continue;
    stores.push_back({.key = task.key(),
                      .envelope = **answer.envelope,
                      .ttl = task.kept(answer),
                      .right = &task.right()});
  }
  cache.store(stores);
  const std::vector<Result<bool>> dropped = cache.drop(drops);
  std::size_t next_store = 0, next_drop = 0;
  for (Settling& one : settlings) {
    if (one.how == LoadTask::Settling::store) one.done = stores[next_store++].outcome;
    if (one.how == LoadTask::Settling::drop) one.done = dropped[next_drop++];
  }
}

void BulkLoad::give_back(BulkAccess& cache) {
  std::vector<BulkAccess::Store> leases;
  for (const std::size_t at : to_give_back_) {
    leases.push_back({.key = tasks_[at].key(), .right = &tasks_[at].right()});
  }
  cache.give_back(leases);
}

}  // namespace cachekit
