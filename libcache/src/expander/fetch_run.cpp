#include "expander/fetch_run.hpp"

#include "expander/load_frame.hpp"

#include <algorithm>
#include <memory>
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

Error error_of_late_load(std::string_view key, std::chrono::milliseconds waited) {
  return {.code = Errc::timeout,
          .message = fmt::format("the load of {} was not over within {} ms; it goes on in the "
                                 "background",
                                 key, waited.count()),
          .hint = "see FetchPolicy::hard_timeout"};
}

}  // namespace

FetchRun::FetchRun(ExpanderState& state, const EntityKind& kind, std::string_view key,
                   detail::FetchJob& job, const FetchOptions& options, Ttl ttl,
                   const CacheAccess& cache)
    : state_(state),
      kind_(kind),
      key_(key),
      job_(job),
      options_(options),
      policy_(options.policy ? *options.policy : state.options.policy),
      ttl_(ttl),
      cache_(cache),
      plan_(options.strategy, state.can.leases) {}

Result<FetchInfo> FetchRun::go() { return go_from(plan_.begin()); }

Result<FetchInfo> FetchRun::go_from(Step step) {
  while (!FetchPlan::is_last(step)) step = take(step);
  return end(step);
}

Result<FetchInfo> FetchRun::end(Step step) {
  place_.leave();
  if (step == Step::fail) return fail(std::move(error_));
  if (step == Step::answer_stale) {
    info_.origin = Origin::stale;
    state_.metrics.count(CacheMetrics::Event::stale);
  }
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

Result<FetchInfo> FetchRun::go_on(LookUp found, std::uint64_t landed_before) {
  landed_before_ = landed_before;
  return go_from(looked_up(std::move(found)));
}

FetchPlan::Step FetchRun::look_up() {
  landed_before_ = state_.flights.landed(key_);
  if (Result<void> trusted = cache_.make_trusted(); !trusted) {
    distrusted_ = true;
    LookUp unread;
    unread.info.miss = MissReason::cache_error;
    unread.info.cache_error = std::move(trusted).error();
    return looked_up(std::move(unread));
  }
  return looked_up(cache_.look_up(kind_, policy_, job_));
}

FetchPlan::Step FetchRun::looked_up(LookUp found) {
  info_ = std::move(found.info);
  std::optional<Error> failure;
  if (found.standing != Standing::fresh) failure = state_.throttle.recent_failure(key_);
  const bool throttled = failure && (found.standing != Standing::none || policy_.throttle_errors);
  const Step next = plan_.looked_up(found.standing, throttled);
  if (throttled) {
    error_ = *failure;
    info_.load_error = std::move(failure);
  }
  if (next == Step::join) keep_seen(found);
  // Who asks the cache alone gets nothing that has expired.
  if (next == Step::answer && found.standing < Standing::due) job_.clear();
  return next;
}

void FetchRun::keep_seen(LookUp& found) {
  right_ = std::move(found.right);
  if (found.bytes) right_.seen = *std::move(found.bytes);
}

FetchPlan::Step FetchRun::drop() { return dropped(cache_.invalidate()); }

FetchPlan::Step FetchRun::dropped(Result<bool> outcome) {
  info_.miss = MissReason::invalidated;
  if (!outcome) {
    distrusted_ = true;
    info_.cache_error = std::move(outcome).error();
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
  const auto timeout = longest_wait();
  const auto until = Deadline::after(timeout, state_.options.runtime->now()).at();
  return waited(wait_for_landing(until), timeout);
}

FetchPlan::Step FetchRun::waited(Arrival arrival, std::chrono::milliseconds timeout) {
  const Step next = plan_.waited(arrival);
  if (next != Step::fail) return next;
  error_ = arrival == Arrival::failed ? *state_.flights.landing(place_)->error
                                      : error_of_wait(arrival, key_, timeout);
  return next;
}

Arrival FetchRun::wait_for_landing(Runtime::steady_time until) {
  const Arrival arrival = state_.flights.wait(place_, until, options_.stop, policy_.load_lease);
  return arrival == Arrival::landed ? accept(*state_.flights.landing(place_)) : arrival;
}

std::chrono::milliseconds FetchRun::longest_wait() const {
  const auto patience = options_.wait_timeout.value_or(policy_.wait_timeout);
  return policy_.hard_timeout ? std::min(patience, *policy_.hard_timeout) : patience;
}

Arrival FetchRun::accept(const Landing& landing) {
  info_.age = std::chrono::milliseconds(0);
  info_.remaining.reset();
  if (landing.envelope) {
    const EntryReading reading = cache_.read(*landing.envelope, kind_, as_it_is(), job_);
    if (reading.standing == Standing::none) return Arrival::unshared;
    info_.age = reading.age;
  } else {
    job_.clear();
  }
  info_.waited_for = WaitedFor::caller;
  info_.origin = landing.origin;
  return Arrival::landed;
}

FetchPlan::Step FetchRun::confirm() {
  // An invalidation may have got lost since the look-up, and before this flight could be told.
  if (!distrusted_ && !cache_.make_trusted()) distrusted_ = true;
  if (distrusted_) return confirmed({});
  FetchPolicy not_ahead = policy_;
  not_ahead.refresh_ahead = 0;
  return confirmed(cache_.look_again(kind_, not_ahead, job_));
}

FetchPlan::Step FetchRun::confirmed(LookUp found) {
  if (distrusted_) {  // The entry is not to be read, nor stored but in the place of any.
    if (state_.can.leases) right_.kind = StoreRight::Kind::none;
    return plan_.confirmed(Standing::none, FleetLease::none);
  }
  // One that is due, or stale, is no news.
  const bool same = found.bytes && *found.bytes == right_.seen;
  const Step next = plan_.confirmed(same ? Standing::none : found.standing, found.lease);
  if (found.info.cache_error) note(fail(std::move(*found.info.cache_error)));
  if (next != Step::answer) {
    if (found.bytes || plan_.standing() == Standing::none) {
      keep_seen(found);
    } else {
      right_.kind = found.right.kind;  // The entry has gone meanwhile, and may answer all the same.
      right_.token = found.right.token;
    }
    return next;
  }
  if (same || !found.bytes) return next;  // The one that is due.
  info_.origin = found.info.origin;
  info_.age = found.info.age;
  info_.remaining = found.info.remaining;
  info_.waited_for = polls_ > 0 ? WaitedFor::process : WaitedFor::caller;
  Landing landing{.origin = found.info.origin};
  if (!found.absent) {
    landing.envelope = std::make_shared<const std::string>(*std::move(found.bytes));
  }
  state_.flights.land(place_, std::move(landing));
  return next;
}

// Another process loads. Its lease ends by itself, so that asking again is enough.
FetchPlan::Step FetchRun::poll() {
  const Step next = may_poll();
  if (next != Step::confirm) return next;
  pause_about(policy_.poll_interval, *state_.options.runtime);
  cache_.renew_budget();
  return next;
}

FetchPlan::Step FetchRun::may_poll() {
  const Runtime& runtime = *state_.options.runtime;
  const auto timeout = longest_wait();
  if (polls_++ == 0) poll_until_ = Deadline::after(timeout, runtime.now()).at();
  const bool stopped = options_.stop.stop_requested();
  const Step next = plan_.polled(runtime.now() < poll_until_ && !stopped);
  if (next == Step::fail) {
    error_ = error_of_wait(stopped ? Arrival::cancelled : Arrival::timed_out, key_, timeout);
  }
  return next;
}

FetchPlan::Step FetchRun::load() {
  if (const auto at_most = longest_load()) return load_in_background(task(), *at_most);
  return load_ended(task().run(job_, cache_, options_.stop));
}

LoadTask FetchRun::task() {
  return {state_,
          {.codec = kind_.codec,
           .schema = kind_.schema,
           .policy = policy_,
           .ttl = ttl_,
           .retries = options_.loader_retries,
           .miss = info_.miss,
           .standing = plan_.standing()},
          std::move(place_),
          right_};
}

std::optional<std::chrono::milliseconds> FetchRun::longest_load() const {
  if (plan_.standing() == Standing::none || !policy_.soft_timeout) return policy_.hard_timeout;
  return std::min(policy_.hard_timeout.value_or(*policy_.soft_timeout), *policy_.soft_timeout);
}

FetchPlan::Step FetchRun::load_ended(Result<LoadTask::Outcome> outcome) {
  if (!outcome) return failed(LoadEnd::failed, std::move(outcome).error());
  if (plan_.standing() == Standing::due) info_.miss = MissReason::due;
  info_.origin = outcome->present ? Origin::source : Origin::none;
  info_.age = std::chrono::milliseconds(0);
  info_.remaining = outcome->remaining;
  if (outcome->cache_error) note(fail(std::move(*outcome->cache_error)));
  return plan_.loaded(LoadEnd::answered);
}

FetchPlan::Step FetchRun::load_in_background(LoadTask task, std::chrono::milliseconds at_most) {
  struct Detached {
    LoadTask task;
    std::unique_ptr<detail::FetchJob> job;
    ExpanderState& state;
    void run(const std::stop_token& stop) {
      CacheAccess cache(state, task.key());
      static_cast<void>(task.run(*job, cache, stop));
    }
  };
  std::unique_ptr<detail::FetchJob> job = job_.to_owned();
  if (!job) {
    cache_.give_back(task.right());
    return failed(LoadEnd::failed,
                  {.code = Errc::invalid_argument,
                   .message = fmt::format("the loader of {} can be neither moved nor copied", key_),
                   .hint = "FetchPolicy::soft_timeout and hard_timeout want that of a loader"});
  }
  place_ = task.watch();
  auto detached = std::make_shared<Detached>(Detached{std::move(task), std::move(job), state_});
  const auto until = Deadline::after(at_most, state_.options.runtime->now()).at();
  const bool started =
      state_.background.start([detached](const std::stop_token& stop) { detached->run(stop); });
  if (!started) detached->run(options_.stop);
  detached.reset();
  return load_arrived(wait_for_landing(until), at_most);
}

FetchPlan::Step FetchRun::load_arrived(Arrival arrival, std::chrono::milliseconds at_most) {
  if (arrival == Arrival::failed) {
    return failed(LoadEnd::failed, *state_.flights.landing(place_)->error);
  }
  if (arrival == Arrival::timed_out) {
    return failed(LoadEnd::late, error_of_late_load(key_, at_most));
  }
  if (arrival == Arrival::landed) {
    info_.waited_for = WaitedFor::nobody;
    if (plan_.standing() == Standing::due) info_.miss = MissReason::due;
  } else {
    error_ = error_of_wait(arrival, key_, at_most);
  }
  return plan_.waited(arrival);
}

// For what has been chosen to be the answer already, however old it has become since.
FetchPolicy FetchRun::as_it_is() const {
  FetchPolicy policy = policy_;
  policy.stale_for = std::chrono::milliseconds::max();
  policy.refresh_ahead = 0;
  return policy;
}

// What was found is the answer, if it may be.
FetchPlan::Step FetchRun::failed(LoadEnd end, Error error) {
  const Step next = plan_.loaded(end);
  if (next == Step::fail) {
    error_ = std::move(error);
    return next;
  }
  info_.load_error = std::move(error);
  static_cast<void>(cache_.read(right_.seen, kind_, as_it_is(), job_));
  return next;
}

FetchPlan::Step FetchRun::load_alone() {
  place_.leave();
  LoadContext context(Deadline::after(policy_.load_lease, state_.options.runtime->now()),
                      options_.stop);
  if (options_.strategy == Strategy::bypass) info_.miss = MissReason::bypassed;
  Result<Loaded> loaded =
      cachekit::load(job_, context, options_.loader_retries, state_.options.backoff, state_.metrics,
                     *state_.options.runtime);
  return loaded_alone(std::move(loaded).map([](const Loaded& one) { return one.present; }));
}

FetchPlan::Step FetchRun::loaded_alone(Result<bool> present) {
  if (!present) return failed(LoadEnd::failed, std::move(present).error());
  if (*present) info_.origin = Origin::source;
  return plan_.loaded(LoadEnd::answered);
}

void FetchRun::note(Result<void> outcome) {
  if (!outcome && !info_.cache_error) info_.cache_error = std::move(outcome).error();
}

}  // namespace cachekit
