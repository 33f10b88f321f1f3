// Calls that do not wait. However a result is taken up, each call must be completed exactly once.

#include "caller.hpp"
#include "support/gate.hpp"

#include <cachekit/pending.hpp>

#include <utility>

namespace cachekit::soak {
namespace {

// Where the result of one call arrives.
template <typename T>
struct Landing {
  Result<T> result{};
  clock::time_point at{};
  std::shared_ptr<std::atomic<int>> times = std::make_shared<std::atomic<int>>(0);
  test::Gate landed{};

  void land(Result<T>&& outcome) {
    if (times->fetch_add(1) > 0) return;
    result = std::move(outcome);
    at = clock::now();
    landed.open();
  }
};

}  // namespace

template <typename T, typename Submit>
std::vector<Result<T>> Caller::together(const char* operation, std::size_t amount,
                                        const Submit& submit) {
  check_landings();
  const std::chrono::milliseconds budget = any_budget();
  std::vector<std::shared_ptr<Landing<T>>> landings;
  std::vector<Pending<T>> pending;
  std::vector<clock::time_point> begun;
  const clock::duration waited = waited_for_processor();
  busy_with_ = operation;
  busy_since_ = clock::now();
  for (std::size_t i = 0; i < amount; ++i) {
    ++tally_.begun;
    auto landing = std::make_shared<Landing<T>>();
    landings.push_back(landing);
    landings_.push_back(landing->times);
    begun.push_back(clock::now());
    pending.push_back(attempt<Pending<T>>(operation, [&] { return submit(i, budget); }));
    if (!patience_ && any(20) == 0) pending.back().cancel();
    if (!pending.back().valid()) landing->land(fail(Errc::outcome_unknown, "an exception"));
    if (pending.back().valid() && any(2) == 0) {
      pending.back().then([landing](Result<T> outcome) { landing->land(std::move(outcome)); });
    }
  }
  std::vector<Result<T>> results;
  for (std::size_t i = 0; i < amount; ++i) {
    Landing<T>& landing = *landings[i];
    if (pending[i].valid()) {
      landing.land(attempt<Result<T>>(operation, [&] { return pending[i].get(); }));
    }
    if (!landing.landed.wait()) {
      tally_.violation(std::string(operation) + " was never completed");
      results.push_back(fail(Errc::timeout, "never completed"));
      continue;
    }
    ++tally_.completed;
    note_duration(operation, {begun[i], landing.at}, budget, waited);
    results.push_back(std::move(landing.result));
  }
  busy_since_ = clock::time_point{};
  return results;
}

void Caller::check_landings() {
  for (const auto& times : landings_) {
    if (*times > 1) tally_.violation("an asynchronous call was completed more than once");
  }
  landings_.clear();
}

bool Caller::get_together() {
  const std::size_t first = any(slots_.size());
  const std::size_t amount = 2 + any(8);
  const auto slot = [&](std::size_t i) -> Slot& { return slots_[(first + i) % slots_.size()]; };
  const auto outcomes = together<std::optional<std::string>>(
      "async_get", amount, [&](std::size_t i, std::chrono::milliseconds budget) {
        return cache_.async_get(slot(i).key, {.timeout = budget});
      });
  bool all = true;
  for (std::size_t i = 0; i < amount; ++i) {
    if (!outcomes[i]) {
      all = failed(outcomes[i].error());
      continue;
    }
    ++tally_.succeeded;
    count(*outcomes[i]);
    check(slot(i), *outcomes[i], "async_get");
  }
  return all;
}

bool Caller::set_together() {
  const std::size_t first = any(slots_.size());
  const std::size_t amount = 2 + any(8);
  const auto slot = [&](std::size_t i) -> Slot& { return slots_[(first + i) % slots_.size()]; };
  std::vector<std::string> values;
  for (std::size_t i = 0; i < amount; ++i) values.push_back(new_value(slot(i).key));
  const std::uint64_t epoch = epoch_.now();
  const auto outcomes =
      together<bool>("async_set", amount, [&](std::size_t i, std::chrono::milliseconds budget) {
        return cache_.async_set(slot(i).key, values[i], {.timeout = budget});
      });
  bool all = true;
  for (std::size_t i = 0; i < amount; ++i) {
    if (!settled(outcomes[i], slot(i), values[i])) {
      all = false;
      continue;
    }
    if (!*outcomes[i]) tally_.wrong_answer("async_set of " + slot(i).key + " was not done");
    slot(i).value = values[i];
    slot(i).epoch = epoch;
  }
  return all;
}

bool Caller::increment_together() {
  const std::uint64_t epoch = epoch_.now();
  const auto outcomes = together<std::int64_t>(
      "async_increment", counters_.size(), [&](std::size_t i, std::chrono::milliseconds budget) {
        return cache_.async_increment(counters_[i].key, 1, {.timeout = budget});
      });
  bool all = true;
  for (std::size_t i = 0; i < counters_.size(); ++i) {
    all = incremented(outcomes[i], counters_[i], epoch) && all;
  }
  return all;
}

}  // namespace cachekit::soak
