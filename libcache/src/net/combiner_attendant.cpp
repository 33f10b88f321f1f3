// For requests that no caller waits for: reading for them, their deadlines, and cancelling.

#include "net/combiner.hpp"

#include <utility>

namespace cachekit::net {

bool Combiner::claim_reading() {
  const std::lock_guard lock(mutex_);
  return state_ != State::closed && !std::exchange(reading_, true);
}

bool Combiner::attend(Deadline until) {
  if (!claim_reading()) return false;
  Pass pass;
  while (busy()) {
    const bool stuck = flush();
    const Heard heard = read_once(until, stuck, pass);
    wake(pass);
    if (heard == Heard::lost || until.expired()) break;
  }
  stop_reading(pass);
  wake(pass);
  return true;
}

void Combiner::tick() {
  {
    const std::lock_guard lock(mutex_);
    if (reading_) return;  // The reader sends it.
  }
  flush();
}

void Combiner::cancel(Waiter& waiter) {
  {
    const std::scoped_lock lock(delivery_, mutex_);
    if (waiter.place_ == Waiter::Place::nowhere) return;
    withdraw(waiter, Errc::cancelled, "the caller withdrew the request");
  }
  waiter.released();
}

void Combiner::end(std::string_view why) {
  {
    const std::lock_guard lock(mutex_);
    doubt(Errc::cancelled, std::string(why));
  }
  Pass pass;
  fail_all(pass);
  wake(pass);
}

void Combiner::expire() {
  const auto now = Deadline::clock::now();
  WaiterList expired;
  {
    const std::scoped_lock lock(delivery_, mutex_);
    expire(queued_, now, expired);
    expire(written_, now, expired);
    expire(expecting_, now, expired);
  }
  while (!expired.empty()) expired.take_front().released();
}

void Combiner::expire(WaiterList& list, Deadline::clock::time_point now, WaiterList& expired) {
  Waiter* next = nullptr;
  for (Waiter* at = list.front(); at != nullptr; at = next) {
    next = at->next_;
    if (!at->unattended_ || at->deadline_.at() > now) continue;
    withdraw(*at, Errc::timeout, "no complete reply in time");
    expired.push_back(*at, Waiter::Place::nowhere);
  }
}

}  // namespace cachekit::net
