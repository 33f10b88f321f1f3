#include "expander/fetch_run.hpp"

#include "expander/load_frame.hpp"

#include <utility>

#include <fmt/format.h>

namespace cachekit {
namespace {

bool cannot_be_read(MissReason miss) noexcept {
  return miss == MissReason::undecodable || miss == MissReason::schema_changed;
}

Error error_of_seat(Seat seat, std::string_view key, const FetchPolicy& policy) {
  if (seat == Seat::own_key) {
    return {.code = Errc::invalid_argument,
            .message = fmt::format("the loader of {} fetches the key that it loads", key),
            .hint = "a loader asks the source; it may fetch other keys, if theirs do not fetch it"};
  }
  return {
      .code = Errc::overloaded,
      .message = fmt::format("{} callers wait for the load of {} already", policy.max_waiters, key),
      .hint = "see FetchPolicy::max_waiters"};
}

Error error_of_wait(Arrival arrival, std::string_view key, std::chrono::milliseconds waited) {
  if (arrival == Arrival::own_key) return error_of_seat(Seat::own_key, key, {});
  if (arrival == Arrival::cancelled) {
    return {.code = Errc::cancelled,
            .message = fmt::format("withdrawn while another caller loaded {}", key)};
  }
  return {.code = Errc::timeout,
          .message = fmt::format("another caller's load of {} was not over within {} ms", key,
                                 waited.count()),
          .hint = "see FetchPolicy::wait_timeout and load_lease"};
}

}  // namespace

FetchRun::FetchRun(ExpanderState& state, const EntityKind& kind, std::string_view key,
                   detail::FetchJob& job, const FetchOptions& options, Ttl ttl)
    : state_(state),
      kind_(kind),
      key_(key),
      job_(job),
      options_(options),
      policy_(options.policy ? *options.policy : state.options.policy),
      ttl_(ttl),
      cache_(state, key),
      plan_(options.strategy, false) {}

Result<FetchInfo> FetchRun::go() {
  Step step = plan_.begin();
  while (step != Step::answer && step != Step::answer_stale && step != Step::fail) {
    step = take(step);
  }
  place_.leave();
  if (step == Step::fail) return fail(std::move(error_));
  if (options_.strategy == Strategy::fresh && info_.cache_error) {
    return fail(*std::move(info_.cache_error));
  }
  return std::move(info_);
}

FetchPlan::Step FetchRun::take(Step step) {
  switch (step) {
    case Step::look_up:
      return look_up();
    case Step::drop:
      return drop();
    case Step::join:
      return join();
    case Step::wait:
      return wait();
    case Step::confirm:
      return confirm();
    case Step::load:
      return load();
    case Step::load_alone:
      return load_alone();
    case Step::poll:
    case Step::answer:
    case Step::answer_stale:
    case Step::fail:
      break;
  }
  return Step::fail;
}

FetchPlan::Step FetchRun::look_up() {
  landed_before_ = state_.flights.landed(key_);
  LookUp found = cache_.look_up(kind_, job_);
  info_ = std::move(found.info);
  return plan_.looked_up(found.standing);
}

FetchPlan::Step FetchRun::drop() {
  info_.miss = MissReason::invalidated;
  state_.flights.detach(key_);
  landed_before_ = state_.flights.landed(key_);
  note(cache_.lock().and_then([&](const KeyLocks::Held&) { return cache_.drop(); }).map([](bool) {
  }));
  return plan_.dropped();
}

FetchPlan::Step FetchRun::join() {
  place_ = state_.flights.join(key_, kind_, {policy_.load_lease, policy_.max_waiters});
  const Seat seat = place_.seat();
  const Step next = plan_.joined(seat, landed_before_ != state_.flights.landed(key_));
  if (next == Step::fail) error_ = error_of_seat(seat, key_, policy_);
  return next;
}

FetchPlan::Step FetchRun::wait() {
  state_.metrics.count(CacheMetrics::Event::wait);
  const auto timeout = options_.wait_timeout.value_or(policy_.wait_timeout);
  const auto until = Deadline::after(timeout, state_.options.clock->now()).at();
  Arrival arrival = state_.flights.wait(place_, until, options_.stop, policy_.load_lease);
  if (arrival == Arrival::landed) arrival = accept(*state_.flights.landing(place_));
  const Step next = plan_.waited(arrival);
  if (next != Step::fail) return next;
  error_ = arrival == Arrival::failed ? *state_.flights.landing(place_)->error
                                      : error_of_wait(arrival, key_, timeout);
  return next;
}

Arrival FetchRun::accept(const Landing& landing) {
  FetchInfo info;
  if (landing.envelope) {
    const MissReason why = cache_.read(*landing.envelope, kind_, job_, info);
    if (why != MissReason::none) return Arrival::unshared;
  }
  info_.waited_for = WaitedFor::caller;
  info_.origin = landing.origin;
  info_.age = info.age;
  return Arrival::landed;
}

FetchPlan::Step FetchRun::confirm() {
  LookUp found = cache_.look_again(kind_, job_);
  const Step next = plan_.confirmed(found.standing, FleetLease::none);
  if (next == Step::answer) {
    const MissReason missed = info_.miss;
    info_ = std::move(found.info);
    info_.miss = missed;
    info_.waited_for = WaitedFor::caller;
    auto envelope = std::make_shared<const std::string>(*std::move(found.bytes));
    state_.flights.land(place_, {.envelope = std::move(envelope), .origin = Origin::cache});
  }
  return next;
}

Result<Loaded> FetchRun::call_loader(LoadContext& context) {
  return cachekit::load(job_, context, options_.loader_retries, state_.options.backoff,
                        state_.metrics, *state_.options.clock);
}

FetchPlan::Step FetchRun::load() {
  LoadContext context(Deadline::after(policy_.load_lease), place_.stop());
  Result<Loaded> loaded;
  {
    const LoadFrame frame(state_.flights, *place_.flight());
    const std::stop_callback on_stop(options_.stop, [&] { state_.flights.withdraw(place_); });
    loaded = call_loader(context);
  }
  if (!loaded) {
    error_ = std::move(loaded).error();
    state_.flights.fail(place_, error_);
    return plan_.loaded(LoadEnd::failed);
  }
  if (loaded->present) info_.origin = Origin::source;
  hand_on(*loaded, context.ttl().value_or(ttl_));
  return plan_.loaded(LoadEnd::answered);
}

// Answers those who wait, and makes the cache agree with what the source said.
void FetchRun::hand_on(const Loaded& loaded, Ttl ttl) {
  Landing landing;
  std::optional<Result<std::string>> envelope;
  if (loaded.present) {
    const Result<void> valid = validate(ttl);
    envelope = cache_.wrap(kind_, valid ? job_.encode() : fail(valid.error()), ttl, loaded.cost);
    landing.origin = Origin::source;
    landing.shared = envelope->has_value();
    if (*envelope) landing.envelope = std::make_shared<const std::string>(**envelope);
  }
  const FlightTable::Landed landed = state_.flights.land(place_, std::move(landing));
  if (landed == FlightTable::Landed::fenced) state_.metrics.count(CacheMetrics::Event::fenced);
  if (landed == FlightTable::Landed::store) note(write_back(envelope, ttl));
}

// Requires: a flight of this caller's, which has landed.
Result<void> FetchRun::write_back(const std::optional<Result<std::string>>& envelope, Ttl ttl) {
  const bool bad_entry = cannot_be_read(info_.miss);
  if (envelope && !*envelope && !bad_entry) return fail(envelope->error());
  if (!envelope && !bad_entry) return {};
  const Result<KeyLocks::Held> turn = cache_.lock();
  if (!turn) return fail(turn.error());
  if (!state_.flights.may_store(place_)) {
    state_.metrics.count(CacheMetrics::Event::fenced);
    return {};
  }
  if (!envelope || !*envelope) {
    // Nothing takes the place of an entry that cannot be read: it would be tried by every fetch.
    Result<bool> dropped = cache_.drop();
    if (envelope) return fail(envelope->error());
    if (!dropped) return fail(std::move(dropped).error());
  } else {
    if (Result<void> stored = cache_.store(**envelope, ttl); !stored) return stored;
    info_.remaining = ttl;
  }
  if (bad_entry) state_.metrics.count(CacheMetrics::Event::repair);
  return {};
}

FetchPlan::Step FetchRun::load_alone() {
  place_.leave();
  LoadContext context(Deadline::after(policy_.load_lease), options_.stop);
  if (options_.strategy == Strategy::bypass) info_.miss = MissReason::bypassed;
  Result<Loaded> loaded = call_loader(context);
  if (!loaded) {
    error_ = std::move(loaded).error();
    return plan_.loaded(LoadEnd::failed);
  }
  if (loaded->present) info_.origin = Origin::source;
  return plan_.loaded(LoadEnd::answered);
}

void FetchRun::note(Result<void> outcome) {
  if (!outcome && !info_.cache_error) info_.cache_error = std::move(outcome).error();
}

}  // namespace cachekit
