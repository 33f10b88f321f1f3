#include "expander/fetch_run.hpp"

#include "expander/load_frame.hpp"

#include <utility>

#include <fmt/format.h>

namespace cachekit {
namespace {

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
      plan_(options.strategy, state.can.leases) {}

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
      return poll();
    case Step::answer:
    case Step::answer_stale:
    case Step::fail:
      break;
  }
  return Step::fail;
}

FetchPlan::Step FetchRun::look_up() {
  landed_before_ = state_.flights.landed(key_);
  LookUp found;
  if (Result<void> trusted = cache_.make_trusted(); !trusted) {
    distrusted_ = true;
    found.info.miss = MissReason::cache_error;
    found.info.cache_error = std::move(trusted).error();
  } else {
    found = cache_.look_up(kind_, job_);
  }
  info_ = std::move(found.info);
  right_ = std::move(found.right);
  return plan_.looked_up(found.standing);
}

FetchPlan::Step FetchRun::drop() {
  info_.miss = MissReason::invalidated;
  if (Result<bool> dropped = cache_.invalidate(); !dropped) {
    distrusted_ = true;
    info_.cache_error = std::move(dropped).error();
  }
  landed_before_ = state_.flights.landed(key_);
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
  if (distrusted_) {  // The entry is not to be read, nor stored but in the place of any.
    if (state_.can.leases) right_.kind = StoreRight::Kind::none;
    return plan_.confirmed(Standing::none, FleetLease::none);
  }
  LookUp found = cache_.look_again(kind_, job_, policy_.load_lease);
  right_ = std::move(found.right);
  const Step next = plan_.confirmed(found.standing, found.lease);
  if (found.info.cache_error) note(fail(*std::move(found.info.cache_error)));
  if (next != Step::answer) return next;
  info_.origin = found.info.origin;
  info_.age = found.info.age;
  info_.remaining = found.info.remaining;
  info_.waited_for = polls_ > 0 ? WaitedFor::process : WaitedFor::caller;
  auto envelope = std::make_shared<const std::string>(*std::move(found.bytes));
  state_.flights.land(place_, {.envelope = std::move(envelope), .origin = Origin::cache});
  return next;
}

// Another process loads. Its lease ends by itself, so that asking again is enough.
FetchPlan::Step FetchRun::poll() {
  const Clock& clock = *state_.options.clock;
  const auto timeout = options_.wait_timeout.value_or(policy_.wait_timeout);
  if (polls_++ == 0) poll_until_ = Deadline::after(timeout, clock.now()).at();
  const bool stopped = options_.stop.stop_requested();
  const Step next = plan_.polled(clock.now() < poll_until_ && !stopped);
  if (next == Step::fail) {
    error_ = error_of_wait(stopped ? Arrival::cancelled : Arrival::timed_out, key_, timeout);
  }
  if (next != Step::confirm) return next;
  pause_about(policy_.poll_interval);
  cache_.renew_budget();
  return next;
}

FetchPlan::Step FetchRun::load() {
  LoadTask task(state_,
                {.kind = kind_,
                 .policy = policy_,
                 .ttl = ttl_,
                 .retries = options_.loader_retries,
                 .miss = info_.miss},
                std::move(place_), std::move(right_));
  Result<LoadTask::Outcome> outcome = task.run(job_, cache_, options_.stop);
  if (!outcome) {
    error_ = std::move(outcome).error();
    return plan_.loaded(LoadEnd::failed);
  }
  if (outcome->present) info_.origin = Origin::source;
  info_.remaining = outcome->remaining;
  if (outcome->cache_error) note(fail(*std::move(outcome->cache_error)));
  return plan_.loaded(LoadEnd::answered);
}

FetchPlan::Step FetchRun::load_alone() {
  place_.leave();
  LoadContext context(Deadline::after(policy_.load_lease), options_.stop);
  if (options_.strategy == Strategy::bypass) info_.miss = MissReason::bypassed;
  Result<Loaded> loaded =
      cachekit::load(job_, context, options_.loader_retries, state_.options.backoff, state_.metrics,
                     *state_.options.clock);
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
