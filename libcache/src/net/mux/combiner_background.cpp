// For requests that no caller waits for: reading for them, their deadlines, and cancelling.

#include "net/mux/combiner.hpp"

#include <algorithm>
#include <utility>

namespace cachekit::net {

bool Combiner::claim_lead(IfLeaderless what) noexcept {
  const std::lock_guard lock(mutex_);
  if (what == IfLeaderless::leave_to_yielding && leaderless_) return false;
  return state_ != State::closed && become_leader();
}

// False when somebody else is the leader.
bool Combiner::become_leader() noexcept {
  if (std::exchange(leading_, true)) return false;
  leaderless_ = false;
  return true;
}

bool Combiner::run_until(Deadline until, const Interrupt* interrupt) noexcept {
  if (!claim_lead(IfLeaderless::leave_to_yielding)) return false;
  Completions completions;
  while (busy() && !(interrupt != nullptr && interrupt->raised)) {
    const auto now = Clock::now();
    const bool stuck = flush(now, until) != Unsent::nothing;
    const ReadResult heard = read_once(until, now, stuck, completions, interrupt);
    wake(completions);
    if (heard == ReadResult::lost || until.expired()) break;
  }
  give_up_lead(completions);
  return true;
}

void Combiner::cancel(Waiter& waiter) noexcept {
  bool leader_lost = false;
  {
    const std::scoped_lock lock(delivery_, mutex_);
    if (waiter.place_ == Waiter::Place::nowhere) return;
    withdraw(waiter, Errc::cancelled, "the caller withdrew the request");
    leader_lost = waiter.background_ && revoke_promotion(static_cast<BlockingWaiter&>(waiter));
  }
  if (leader_lost) give_up_lead();
  release(waiter);
}

// One that has been promoted and has not begun yet will not do it once it is settled.
bool Combiner::revoke_promotion(BlockingWaiter& blocking) noexcept {
  auto lead = static_cast<std::uint32_t>(BlockingWaiter::Signal::lead);
  return blocking.word_.compare_exchange_strong(
      lead, static_cast<std::uint32_t>(BlockingWaiter::Signal::none), std::memory_order_acq_rel);
}

void Combiner::end(std::string_view why) noexcept {
  {
    const std::lock_guard lock(mutex_);
    mark_broken(Errc::cancelled, why);
  }
  Completions completions;
  fail_all(completions);
  wake(completions);
}

Combiner::Clock::time_point Combiner::expire() noexcept {
  const auto now = Clock::now();
  auto next = Clock::time_point::max();
  WaiterList expired;
  bool leader_lost = false;
  bool broken = false;
  {
    const std::scoped_lock lock(delivery_, mutex_);
    for (WaiterList* list : {&queued_, &written_, &expecting_}) {
      if (expire(*list, now, next, expired)) leader_lost = true;
    }
    broken = state_ == State::breaking;
  }
  if (leader_lost) give_up_lead();
  if (broken) reap();
  while (!expired.empty()) release(expired.take_front());
  return next;
}

bool Combiner::expire(WaiterList& list, Clock::time_point now, Clock::time_point& next,
                      WaiterList& expired) noexcept {
  bool leader_lost = false;
  Waiter* following = nullptr;
  for (Waiter* at = list.front(); at != nullptr; at = following) {
    following = at->next_;
    if (!at->background_) continue;
    if (at->deadline_.at() > now) {
      next = std::min(next, at->deadline_.at());
      continue;
    }
    withdraw(*at, Errc::timeout, "no complete reply in time");
    if (revoke_promotion(static_cast<BlockingWaiter&>(*at))) leader_lost = true;
    expired.push_back(*at, Waiter::Place::nowhere);
  }
  return leader_lost;
}

}  // namespace cachekit::net
