// For requests that no caller waits for: reading for them, their deadlines, and cancelling.

#include "net/combiner.hpp"

#include <algorithm>
#include <utility>

namespace cachekit::net {

bool Combiner::claim_reading(Vacancy vacancy) noexcept {
  const std::lock_guard lock(mutex_);
  if (vacancy == Vacancy::is_for_others && vacant_) return false;
  return state_ != State::closed && become_reader();
}

// False when somebody else is the reader.
bool Combiner::become_reader() noexcept {
  if (std::exchange(reading_, true)) return false;
  vacant_ = false;
  return true;
}

bool Combiner::attend(Deadline until, const Interrupt* interrupt) noexcept {
  if (!claim_reading(Vacancy::is_for_others)) return false;
  Pass pass;
  while (busy() && !(interrupt != nullptr && interrupt->raised)) {
    const auto now = Clock::now();
    const bool stuck = flush(now, until) != Unsent::nothing;
    const Heard heard = read_once(until, now, stuck, pass, interrupt);
    wake(pass);
    if (heard == Heard::lost || until.expired()) break;
  }
  stop_reading(pass);
  return true;
}

void Combiner::cancel(Waiter& waiter) noexcept {
  bool reader_lost = false;
  {
    const std::scoped_lock lock(delivery_, mutex_);
    if (waiter.place_ == Waiter::Place::nowhere) return;
    withdraw(waiter, Errc::cancelled, "the caller withdrew the request");
    reader_lost = waiter.unattended_ && take_back_reading(static_cast<Sleeper&>(waiter));
  }
  if (reader_lost) stop_reading();
  release(waiter);
}

// One that has been told to drive and has not begun yet will not do it once it is settled.
bool Combiner::take_back_reading(Sleeper& sleeper) noexcept {
  auto drive = static_cast<std::uint32_t>(Sleeper::News::drive);
  return sleeper.word_.compare_exchange_strong(
      drive, static_cast<std::uint32_t>(Sleeper::News::none), std::memory_order_acq_rel);
}

void Combiner::end(std::string_view why) noexcept {
  {
    const std::lock_guard lock(mutex_);
    doubt(Errc::cancelled, why);
  }
  Pass pass;
  fail_all(pass);
  wake(pass);
}

Combiner::Clock::time_point Combiner::expire() noexcept {
  const auto now = Clock::now();
  auto next = Clock::time_point::max();
  WaiterList expired;
  bool reader_lost = false;
  bool in_doubt = false;
  {
    const std::scoped_lock lock(delivery_, mutex_);
    for (WaiterList* list : {&queued_, &written_, &expecting_}) {
      if (expire(*list, now, next, expired)) reader_lost = true;
    }
    in_doubt = state_ == State::breaking;
  }
  if (reader_lost) stop_reading();
  if (in_doubt) clear_away();
  while (!expired.empty()) release(expired.take_front());
  return next;
}

bool Combiner::expire(WaiterList& list, Clock::time_point now, Clock::time_point& next,
                      WaiterList& expired) noexcept {
  bool reader_lost = false;
  Waiter* following = nullptr;
  for (Waiter* at = list.front(); at != nullptr; at = following) {
    following = at->next_;
    if (!at->unattended_) continue;
    if (at->deadline_.at() > now) {
      next = std::min(next, at->deadline_.at());
      continue;
    }
    withdraw(*at, Errc::timeout, "no complete reply in time");
    if (take_back_reading(static_cast<Sleeper&>(*at))) reader_lost = true;
    expired.push_back(*at, Waiter::Place::nowhere);
  }
  return reader_lost;
}

}  // namespace cachekit::net
