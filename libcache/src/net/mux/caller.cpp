#include "net/mux/caller.hpp"

#include <algorithm>
#include <utility>

namespace cachekit::net {
namespace {

using Clock = Deadline::clock;

constexpr auto patience = std::chrono::microseconds(100);

}  // namespace

void Caller::follow(bool patient, Deadline until) noexcept {
  const Leadership::Yielded yielded = yield_before_parking();
  if (yielded == Leadership::Yielded::leads) return lead(until);
  if (yielded == Leadership::Yielded::signalled) patient = false;
  const auto end = earlier(blocking_.deadline(), until).at();
  auto at = patient ? std::min(end, Clock::now() + patience) : end;
  while (true) {
    switch (blocking_.sleep(combiner_.lot_, at)) {
      case BlockingWaiter::Signal::settled:
        return;
      case BlockingWaiter::Signal::lead:
        return lead(until);
      default:
        break;
    }
    if (std::exchange(patient, false)) {
      at = end;
      combiner_.flush_for_others(Clock::now(), earlier(blocking_.deadline(), until));
    } else if (until.expired() || give_up()) {
      return;
    } else {
      at = Clock::now() + until_settled;
    }
  }
}

Leadership::Yielded Caller::yield_before_parking() noexcept {
  Leadership& leadership = connection_.leadership_;
  leadership.begin_yielding();
  const Leadership::Yielded how = leadership.await_turn(blocking_, connection_.mutex_);
  if (leadership.end_yielding() && combiner_.claim_lead(Combiner::IfLeaderless::take)) {
    combiner_.give_up_lead();
  }
  return how;
}

bool Caller::give_up() noexcept {
  bool claimed = false;
  {
    const core::MutexLock lock(connection_.mutex_);
    if (blocking_.place_ == Waiter::Place::nowhere) return false;
    claimed = connection_.leadership_.claim();
    if (claimed) blocking_.may_lead_ = false;
  }
  if (claimed) {  // What has arrived in time counts, even if nobody was there to read it.
    lead(Deadline::after(forever));
    return true;
  }
  {
    const core::MutexLock delivery(connection_.delivery_);
    const core::MutexLock lock(connection_.mutex_);
    if (blocking_.place_ == Waiter::Place::nowhere ||
        blocking_.signal() == BlockingWaiter::Signal::lead) {
      return false;
    }
    connection_.withdraw(blocking_, Errc::timeout, "no complete reply in time");
  }
  wake(blocking_, combiner_.lot_);
  return true;
}

void Caller::lead(Deadline until, std::optional<Clock::time_point> begun) noexcept {
  using Unsent = SharedConnection::Unsent;
  using ReadResult = SharedConnection::ReadResult;
  Completions completions{.own = &blocking_};
  int late = 0;
  // A reply that did not come in the first read is far away, and says nothing of the next one.
  bool first = true;
  const Deadline deadline = earlier(blocking_.deadline(), until);
  // Somebody may cancel it, which does not wake a thread that reads; a read lasts 0.1 s at most.
  while (!completions.own_settled && !blocking_.settled() && !until.expired()) {
    const auto now = begun ? *begun : Clock::now();
    const Unsent unsent =
        begun ? connection_.send_batch(deadline) : connection_.flush(deadline, now);
    const bool stopped = unsent != Unsent::nothing;
    begun.reset();
    const bool alone = std::exchange(first, false) && !stopped && connection_.load().count() == 1;
    const ReadResult result = connection_.read_once(
        {.deadline = deadline, .now = now, .writable = stopped, .alone = alone}, completions);
    if (!completions.own_settled && blocking_.deadline().expired() &&
        (result == ReadResult::nothing || ++late > late_reads)) {
      const core::MutexLock delivery(connection_.delivery_);
      const core::MutexLock lock(connection_.mutex_);
      if (blocking_.place_ == Waiter::Place::nowhere) continue;  // It is being cancelled.
      connection_.withdraw(blocking_, Errc::timeout, "no complete reply in time");
      completions.own_settled = true;
    }
    if (!completions.own_settled) completions.wake(combiner_.lot_);
  }
  // First the others get to run, then what they (and those before them) have queued goes out, and
  // the successor finds the server at work already. What is to be sent anew queues up, its own
  // request in its place among them, before a new connection can be there.
  completions.wake(combiner_.lot_);
  if (connection_.busy()) combiner_.flush_for_others(Clock::now(), deadline);
  if (completions.own_settled && !completions.own_among_others) wake(blocking_, combiner_.lot_);
  // If it is settled from here on, it wants to be told like anybody else.
  completions.own = nullptr;
  combiner_.give_up_lead(completions);
}

void Caller::leave() noexcept {
  {
    const core::MutexLock lock(connection_.mutex_);
    blocking_.may_lead_ = false;
  }
  if (Leadership::revoke_promotion(blocking_)) combiner_.give_up_lead();
}

}  // namespace cachekit::net
