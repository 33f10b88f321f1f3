#include "expander/load_task.hpp"

#include "expander/load_frame.hpp"

#include <memory>
#include <utility>

namespace cachekit {
namespace {

using Landed = FlightTable::Landed;

}  // namespace

Result<LoadTask::Outcome> LoadTask::run(detail::FetchJob& job, CacheAccess& cache,
                                        const std::stop_token& stop) {
  Ttl ttl = terms_.ttl;
  const Result<Loaded> loaded = call(job, stop, ttl);
  if (!loaded) {
    state_.flights.fail(place_, loaded.error());
    cache.give_back(right_);
    return fail(loaded.error());
  }
  Outcome outcome{.present = loaded->present};
  const Envelope envelope = wrap(job, cache, *loaded, ttl);
  Landing landing;
  if (envelope) {
    landing.origin = Origin::source;
    landing.shared = envelope->has_value();
    if (*envelope) landing.envelope = std::make_shared<const std::string>(**envelope);
  }
  const Landed landed = state_.flights.land(place_, std::move(landing));
  if (landed == Landed::fenced) state_.metrics.count(CacheMetrics::Event::fenced);
  if (landed != Landed::store) {
    cache.give_back(right_);
    return outcome;
  }
  const Result<bool> stored = settle(envelope, ttl, cache);
  if (!stored) outcome.cache_error = stored.error();
  if (stored && *stored) outcome.remaining = ttl;
  return outcome;
}

Result<Loaded> LoadTask::call(detail::FetchJob& job, const std::stop_token& stop, Ttl& ttl) {
  LoadContext context(Deadline::after(terms_.policy.load_lease), place_.stop());
  const LoadFrame frame(state_.flights, *place_.flight());
  const std::stop_callback on_stop(stop, [&] { state_.flights.withdraw(place_); });
  Result<Loaded> loaded = load(job, context, terms_.retries, state_.options.backoff, state_.metrics,
                               *state_.options.clock);
  ttl = context.ttl().value_or(ttl);
  return loaded;
}

LoadTask::Envelope LoadTask::wrap(const detail::FetchJob& job, const CacheAccess& cache,
                                  const Loaded& loaded, Ttl ttl) const {
  if (!loaded.present) return std::nullopt;
  const Result<void> valid = validate(ttl);
  return cache.wrap(terms_.kind, valid ? job.encode() : fail(valid.error()), ttl, loaded.cost);
}

// True when the answer was stored.
Result<bool> LoadTask::settle(const Envelope& envelope, Ttl ttl, CacheAccess& cache) {
  const bool stores = envelope && *envelope;
  // Nothing takes the place of an entry that cannot be read: it would be tried by every fetch.
  const bool drops = !stores && entry_is_bad();
  if (!stores && !drops) {
    cache.give_back(right_);
    return envelope ? Result<bool>(fail(envelope->error())) : false;
  }
  const Result<KeyLocks::Held> turn = cache.lock();
  if (!turn) return fail(turn.error());
  if (!state_.flights.may_store(place_)) {
    state_.metrics.count(CacheMetrics::Event::fenced);
    cache.give_back(right_);
    return false;
  }
  Result<bool> done = stores ? store(**envelope, ttl, cache) : cache.drop();
  if (envelope && !*envelope) return fail(envelope->error());
  if (!done) return done;
  if (entry_is_bad() && (*done || drops)) state_.metrics.count(CacheMetrics::Event::repair);
  return stores && *done;
}

Result<bool> LoadTask::store(const std::string& envelope, Ttl ttl, CacheAccess& cache) {
  Result<bool> stored = cache.store(envelope, ttl, right_);
  if (stored && *stored) state_.pending.forget(place_.flight()->key);
  if (stored && !*stored) state_.metrics.count(CacheMetrics::Event::fenced);
  return stored;
}

}  // namespace cachekit
