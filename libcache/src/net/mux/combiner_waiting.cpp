// What a caller does while another one leads: yield, park, take the lead, give up.

#include "net/mux/combiner.hpp"

#include <algorithm>
#include <ctime>
#include <thread>
#include <utility>

namespace cachekit::net {
namespace {

constexpr auto patience = std::chrono::microseconds(100);
constexpr auto longest_yielding = std::chrono::microseconds(200);

// What all threads of the process have run so far, together.
Deadline::clock::duration process_time() noexcept {
  timespec ran{};
  static_cast<void>(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ran));
  return std::chrono::seconds(ran.tv_sec) + std::chrono::nanoseconds(ran.tv_nsec);
}

}  // namespace

void Combiner::sleep(BlockingWaiter& blocking, bool patient, Deadline until) noexcept {
  const Yielded yielded = yield_before_parking(blocking);
  if (yielded == Yielded::leads) return lead(blocking, until);
  if (yielded == Yielded::signalled) patient = false;
  const auto end = earlier(blocking.deadline_, until).at();
  auto at = patient ? std::min(end, Clock::now() + patience) : end;
  while (true) {
    switch (blocking.sleep(lot_, at)) {
      case BlockingWaiter::Signal::settled:
        return;
      case BlockingWaiter::Signal::lead:
        return lead(blocking, until);
      default:
        break;
    }
    if (std::exchange(patient, false)) {
      at = end;
      flush_for_others(Clock::now(), earlier(blocking.deadline_, until));
    } else if (until.expired() || give_up(blocking)) {
      return;
    } else {
      at = Clock::now() + std::chrono::milliseconds(5);  // It is about to be settled elsewhere.
    }
  }
}

Combiner::Yielded Combiner::yield_before_parking(BlockingWaiter& blocking) noexcept {
  yielding_.fetch_add(1);
  const Yielded how = await_turn(blocking);
  // Together with `leave_leaderless`: either that sees nobody yielding, or this
  // sees that a leader is missing.
  const bool last = yielding_.fetch_sub(1) == 1;
  if (last && leaderless_ && claim_lead(IfLeaderless::take)) give_up_lead();
  return how;
}

// Giving the processor away a few times is cheaper than to be put to sleep and woken, as long as
// the others have work to do in that time; where a signal mostly comes later, it is tried less.
// On a busy machine it may take long until a thread is back, so not shortly before a deadline.
Combiner::Yielded Combiner::await_turn(BlockingWaiter& blocking) noexcept {
  auto now = Clock::now();
  const auto until = std::min(now + longest_yielding, blocking.deadline_.at() - margin);
  if (now >= until) return Yielded::in_vain;
  const YieldPolicy::Draw drawn = yields_.draw();
  if (drawn.yields == 0) return Yielded::in_vain;
  const auto ran_before = drawn.watched ? process_time() : Clock::duration{};
  Clock::duration longest{};
  Yielded how = Yielded::in_vain;
  for (int i = 0; i < drawn.yields && now < until && how == Yielded::in_vain; ++i) {
    std::this_thread::yield();
    const auto back = Clock::now();
    longest = std::max(longest, back - std::exchange(now, back));
    if (blocking.signal() != BlockingWaiter::Signal::none) {
      how = Yielded::signalled;
    } else if (leaderless_.load(std::memory_order_relaxed) && take_lead(blocking)) {
      how = Yielded::leads;
    }
  }
  const auto ran = drawn.watched ? process_time() - ran_before : Clock::duration{};
  yields_.note(drawn, {.signal = how != Yielded::in_vain, .longest = longest, .ran = ran});
  return how;
}

bool Combiner::take_lead(BlockingWaiter& blocking) noexcept {
  const std::lock_guard lock(mutex_);
  if (!leaderless_ || blocking.place_ == Waiter::Place::nowhere) return false;
  blocking.may_lead_ = false;
  return become_leader();
}

bool Combiner::give_up(BlockingWaiter& blocking) noexcept {
  bool claimed = false;
  {
    const std::lock_guard lock(mutex_);
    if (blocking.place_ == Waiter::Place::nowhere) return false;
    claimed = become_leader();
    if (claimed) blocking.may_lead_ = false;
  }
  if (claimed) {  // What has arrived in time counts, even if nobody was there to read it.
    lead(blocking, Deadline::after(forever));
    return true;
  }
  {
    const std::scoped_lock lock(delivery_, mutex_);
    if (blocking.place_ == Waiter::Place::nowhere ||
        blocking.signal() == BlockingWaiter::Signal::lead) {
      return false;
    }
    withdraw(blocking, Errc::timeout, "no complete reply in time");
  }
  release(blocking);
  return true;
}

}  // namespace cachekit::net
