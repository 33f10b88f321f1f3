#include "net/mux/leadership.hpp"

#include <algorithm>
#include <ctime>
#include <thread>
#include <utility>

namespace cachekit::net {
namespace {

constexpr auto longest_yielding = std::chrono::microseconds(200);

// What all threads of the process have run so far, together.
Deadline::clock::duration process_time() noexcept {
  timespec ran{};
  static_cast<void>(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ran));
  return std::chrono::seconds(ran.tv_sec) + std::chrono::nanoseconds(ran.tv_nsec);
}

}  // namespace

bool Leadership::take(BlockingWaiter& blocking) noexcept {
  if (!leaderless_ || blocking.place_ == Waiter::Place::nowhere) return false;
  blocking.may_lead_ = false;
  return claim();
}

bool Leadership::leave_open() noexcept {
  leaderless_ = true;
  if (yielding_ == 0) {
    leaderless_ = false;
    return false;
  }
  leading_ = false;
  return true;
}

// There may be thousands of requests that nobody waits for.
bool Leadership::hand_on(const Multiplexer& among, Wakeups& wakeups) noexcept {
  Waiter* successor = nullptr;
  if (callers_.load(std::memory_order_relaxed) > 0) {
    successor = among.newest([](const Waiter& waiter) { return waiter.may_lead_; });
  }
  leading_ = successor != nullptr;
  if (leading_) promote(static_cast<BlockingWaiter&>(*successor), wakeups);  // No other may lead.
  return leading_;
}

void Leadership::promote(BlockingWaiter& blocking, Wakeups& wakeups) noexcept {
  blocking.may_lead_ = false;
  blocking.tell(BlockingWaiter::Signal::lead, wakeups);
}

bool Leadership::revoke_promotion(BlockingWaiter& blocking) noexcept {
  auto lead = static_cast<std::uint32_t>(BlockingWaiter::Signal::lead);
  return blocking.word_.compare_exchange_strong(
      lead, static_cast<std::uint32_t>(BlockingWaiter::Signal::none), std::memory_order_acq_rel);
}

// Giving the processor away a few times is cheaper than to be put to sleep and woken, as long as
// the others have work to do in that time; where a signal mostly comes later, it is tried less.
// On a busy machine it may take long until a thread is back, so not shortly before a deadline.
Leadership::Yielded Leadership::await_turn(BlockingWaiter& blocking, core::Mutex& lock) noexcept {
  const auto take_lead = [&] {
    if (!leaderless_.load(std::memory_order_relaxed)) return false;
    const core::MutexLock locked(lock);
    return take(blocking);
  };
  auto now = Deadline::clock::now();
  const auto until = std::min(now + longest_yielding, blocking.deadline().at() - margin);
  if (now >= until) return Yielded::in_vain;
  const YieldPolicy::Draw drawn = policy_.draw();
  if (drawn.yields == 0) return Yielded::in_vain;
  const auto ran_before = drawn.watched ? process_time() : Deadline::clock::duration{};
  Deadline::clock::duration longest{};
  Yielded how = Yielded::in_vain;
  for (int i = 0; i < drawn.yields && now < until && how == Yielded::in_vain; ++i) {
    std::this_thread::yield();
    const auto back = Deadline::clock::now();
    longest = std::max(longest, back - std::exchange(now, back));
    if (blocking.signal() != BlockingWaiter::Signal::none) {
      how = Yielded::signalled;
    } else if (take_lead()) {
      how = Yielded::leads;
    }
  }
  const auto ran = drawn.watched ? process_time() - ran_before : Deadline::clock::duration{};
  policy_.note(drawn, {.signal = how != Yielded::in_vain, .longest = longest, .ran = ran});
  return how;
}

}  // namespace cachekit::net
