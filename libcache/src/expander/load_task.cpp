#include "expander/load_task.hpp"

#include "expander/load_frame.hpp"
#include "expander/refresh.hpp"

#include <memory>

namespace cachekit {
namespace {

using Landed = FlightTable::Landed;

}  // namespace

Result<LoadTask::Outcome> LoadTask::run(detail::FetchJob& job, CacheAccess& cache,
                                        const std::stop_token& stop) {
  const Result<Answer> answer = call(job, cache, stop);
  if (!answer) {
    failed(answer.error());
    cache.give_back(right_);
    return fail(answer.error());
  }
  Outcome outcome{.present = answer->present};
  if (!land(*answer)) {
    cache.give_back(right_);
    return outcome;
  }
  const Result<bool> stored = settle(*answer, cache);
  if (!stored) outcome.cache_error = stored.error();
  if (stored && *stored) outcome.remaining = answer->ttl;
  return outcome;
}

Result<LoadTask::Answer> LoadTask::call(detail::FetchJob& job, const CacheAccess& cache,
                                        const std::stop_token& stop) {
  std::optional<EnvelopeView> old;
  if (terms_.standing != Standing::none) {
    const Result<EnvelopeView> entry = decode_envelope(right_.seen);
    if (entry && !entry->absent) old = *entry;
  }
  Runtime& runtime = *state_.options.runtime;
  LoadContext context(Deadline::after(terms_.policy.load_lease, runtime.now()), place_.stop(), old);
  const LoadFrame frame(state_.flights, *place_.flight(), runtime);
  const std::stop_callback on_stop(stop, [&] { state_.flights.withdraw(place_); });
  const Result<Loaded> loaded =
      load(job, context, terms_.retries, state_.options.backoff, state_.metrics, runtime);
  if (!loaded) return fail(loaded.error());
  if (context.is_unmodified() && !(old && loaded->present)) {
    return fail(Errc::loader_failed, "the loader said not_modified, and there was no old value", "",
                "ask LoadContext::has_old_value() first");
  }
  return wrap(job, cache, *loaded, context);
}

bool LoadTask::land(const Answer& answer) {
  state_.throttle.succeeded(key());
  const Landed landed = state_.flights.land(place_, landing_of(answer));
  if (landed == Landed::fenced) state_.metrics.count(CacheMetrics::Event::fenced);
  return landed == Landed::store;
}

void LoadTask::failed(const Error& error) {
  const FetchPolicy& policy = terms_.policy;
  const bool matters =
      policy.throttle_errors || policy.stale_for.count() > 0 || terms_.standing != Standing::none;
  if (matters && !place_.stop().stop_requested()) {
    state_.throttle.failed(key(), error, policy.throttle);
  }
  state_.flights.fail(place_, error);
}

LoadTask::Answer LoadTask::wrap(const detail::FetchJob& job, const CacheAccess& cache,
                                const Loaded& loaded, const LoadContext& context) const {
  const FetchPolicy& policy = terms_.policy;
  Answer answer{.present = loaded.present};
  if (!loaded.present && !policy.negative_ttl) return answer;
  const Ttl told = context.ttl().value_or(loaded.present ? terms_.ttl : *policy.negative_ttl);
  answer.ttl = jittered(told, policy.jitter, state_.draws.next());
  EnvelopeView envelope{.codec = terms_.codec,
                        .schema = terms_.schema,
                        .load_cost = loaded.cost,
                        .validator = context.is_unmodified() ? context.validator() : "",
                        .absent = !loaded.present};
  if (context.new_validator()) envelope.validator = *context.new_validator();
  const Result<void> valid = validate(told);
  Result<std::string> payload = !valid           ? fail(valid.error())
                                : loaded.present ? job.encode()
                                                 : Result<std::string>();
  answer.envelope = cache.wrap(envelope, std::move(payload), answer.ttl);
  return answer;
}

Landing LoadTask::landing_of(const Answer& answer) const {
  Landing landing;
  if (!answer.present) return landing;
  landing.origin = Origin::source;
  landing.shared = answer.envelope->has_value();
  if (landing.shared) landing.envelope = std::make_shared<const std::string>(**answer.envelope);
  return landing;
}

LoadTask::Settling LoadTask::settling_of(const Answer& answer) const noexcept {
  if (answer.envelope && *answer.envelope) return Settling::store;
  // Nothing takes the place of an entry that cannot be read, which would be tried by every fetch,
  // or of one that the source knows no more.
  const bool drops = entry_is_bad() || (!answer.present && terms_.standing != Standing::none);
  return drops ? Settling::drop : Settling::nothing;
}

// True when the answer was stored.
Result<bool> LoadTask::settle(const Answer& answer, CacheAccess& cache) {
  const Settling how = settling_of(answer);
  if (how == Settling::nothing) {
    cache.give_back(right_);
    return settled(answer, how, false);
  }
  const Result<KeyLocks::Held> turn = cache.lock();
  if (!turn) return fail(turn.error());
  if (!may_store()) {
    cache.give_back(right_);
    return false;
  }
  return settled(
      answer, how,
      how == Settling::store ? cache.store(**answer.envelope, kept(answer), right_) : cache.drop());
}

bool LoadTask::may_store() const {
  const bool may = state_.flights.may_store(place_);
  if (!may) state_.metrics.count(CacheMetrics::Event::fenced);
  return may;
}

Ttl LoadTask::kept(const Answer& answer) const noexcept {
  return kept_for(answer.ttl,
                  answer.present ? terms_.policy.stale_for : std::chrono::milliseconds(0));
}

Result<bool> LoadTask::settled(const Answer& answer, Settling how, Result<bool> done) const {
  const bool stores = how == Settling::store;
  if (stores && done && *done) state_.pending.forget(key());
  if (stores && done && !*done) state_.metrics.count(CacheMetrics::Event::fenced);
  if (answer.envelope && !*answer.envelope) return fail(answer.envelope->error());
  if (!done) return done;
  if (how != Settling::nothing && entry_is_bad() && (*done || !stores)) {
    state_.metrics.count(CacheMetrics::Event::repair);
  }
  return stores && *done;
}

}  // namespace cachekit
