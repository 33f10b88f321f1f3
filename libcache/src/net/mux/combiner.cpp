#include "net/mux/combiner.hpp"

#include "net/mux/caller.hpp"
#include "net/scoped_count.hpp"
#include "net/wait_until.hpp"

#include <optional>
#include <utility>

namespace cachekit::net {
namespace {

// Of requests that are to go soon: who sent something so long ago does not wait for company, and so
// much is company enough.
constexpr auto moment = std::chrono::microseconds(50);
constexpr std::size_t full_batch = std::size_t{16} << 10U;
// Where there was no room, and nothing had come that makes some; where the kernel took no more.
constexpr auto between_looks = std::chrono::milliseconds(1);

}  // namespace

Combiner::Combiner(const CombinerOptions& options, std::string endpoint, const Surroundings& around)
    : connection_(std::move(endpoint), around, options.longest_silence) {}

Combiner::~Combiner() { end("the backend was destroyed"); }

bool Combiner::attach(Connection&& connection, Deadline deadline) noexcept {
  using State = Multiplexer::State;
  reap();
  drain(deadline);
  core::MutexLock lock(connection_.mutex_);
  const auto free = [&]() CACHEKIT_REQUIRES(connection_.mutex_) {
    return connection_.mux_.state() == State::closed || connection_.mux_.accepting();
  };
  while (!free()) {
    // Or it takes no more requests, and nobody reads for those that are under way.
    const auto signal = [&]() CACHEKIT_REQUIRES(connection_.mutex_) {
      const bool to_drain = connection_.mux_.retiring() && connection_.busy();
      return free() || (to_drain && !connection_.leadership_.taken());
    };
    if (!wait_until(connection_.unused_, lock, deadline, signal) || deadline.expired()) {
      return free();
    }
    if (free()) break;
    lock.unlock();
    drain(deadline);
    lock.lock();
  }
  if (connection_.mux_.state() == State::closed) connection_.attach(std::move(connection));
  return true;
}

// A connection whose peer is gone may have requests under way for which nobody reads just now.
void Combiner::reap() noexcept {
  {
    const core::MutexLock lock(connection_.mutex_);
    const bool useless = connection_.mux_.state() == Multiplexer::State::breaking ||
                         (connection_.mux_.state() == Multiplexer::State::open &&
                          connection_.mux_.outbox().peer_gone());
    if (!useless || !connection_.leadership_.claim()) return;
    connection_.mark_broken(Errc::unavailable, "the server closed the connection");
  }
  give_up_lead();
}

// What is under way on a connection that takes no more is answered first.
void Combiner::drain(Deadline until) noexcept {
  {
    const core::MutexLock lock(connection_.mutex_);
    if (!connection_.mux_.retiring()) return;
  }
  static_cast<void>(run_until(until));
}

template <typename Queued>
Combiner::Entry Combiner::enter(Waiter& waiter, const Queued& queued) noexcept {
  const auto try_once = [&] {
    const core::MutexLock lock(connection_.mutex_);
    const Entry entry = connection_.enqueue(waiter);
    if (entry == Entry::queued) queued();
    return entry;
  };
  const Entry entry = try_once();
  if (entry != Entry::full || !make_room(waiter.deadline_)) return entry;
  return try_once();
}

// When all that is under way has been given up on, nobody would ever read what makes room again.
// Many may be refused at once: to look costs more than to refuse.
bool Combiner::make_room(Deadline until) noexcept {
  const auto now = Clock::now();
  if (now < look_for_room_at_.load(std::memory_order_relaxed)) return false;
  const bool drained = drain_abandoned(until);  // Or somebody else reads.
  if (connection_.break_if_silent(now)) {
    reap();
    return true;
  }
  if (drained) return true;
  look_for_room_at_.store(now + between_looks, std::memory_order_relaxed);
  return false;
}

bool Combiner::run(BlockingWaiter& blocking) noexcept {
  Leadership& leadership = connection_.leadership_;
  const ScopedCount counted(leadership.callers());
  bool claimed = false;
  bool patient = false;
  std::optional<Clock::time_point> begun;
  const Entry entry = enter(blocking, [&]() CACHEKIT_REQUIRES(connection_.mutex_) {
    patient = blocking.bytes_.begin == 0;  // It is the first of its batch.
    claimed = leadership.claim_unless_leaderless();
    blocking.may_lead_ = !claimed;
    if (claimed && connection_.mux_.may_begin_batch()) {
      connection_.begin_batch(begun.emplace(Clock::now()));
    }
  });
  if (entry == Entry::no_connection) return false;
  if (entry != Entry::queued) return true;
  Caller caller(*this, blocking);
  if (claimed) {
    caller.lead(Deadline::after(forever), begun);
  } else {
    caller.follow(patient, Deadline::after(forever));
  }
  return true;
}

bool Combiner::submit(Waiter& waiter, Sending sending) noexcept {
  const Deadline until = waiter.deadline_;  // It may be gone by then.
  bool send = false;
  Wakeups wakeups(lot_);
  const Entry entry = enter(waiter, [&]() CACHEKIT_REQUIRES(connection_.mutex_) {
    const Outbox& outbox = connection_.mux_.outbox();
    const bool alone = connection_.load().count() == 1;
    const auto now = Clock::now();
    // A peer that takes no more is not asked for each request whether it does by now.
    const bool takes_none = outbox.stopped() && now - connection_.refused_at_ < between_looks;
    send = !takes_none && (sending == Sending::now || alone || outbox.queued_bytes() > full_batch ||
                           now - connection_.written_at_ > moment);
    // Its thread may have waited for this while there was no connection: then it leads.
    if (waiter.may_lead_ && connection_.leadership_.claim()) {
      Leadership::promote(static_cast<BlockingWaiter&>(waiter), wakeups);  // No other may lead.
      send = false;
    }
  });
  if (entry == Entry::no_connection) return false;
  if (entry != Entry::queued) waiter.released(wakeups);
  wakeups.wake();
  if (send) flush_for_others(Clock::now(), until);
  return true;
}

bool Combiner::wait(BlockingWaiter& blocking, Deadline until) noexcept {
  const ScopedCount counted(connection_.leadership_.callers());
  Caller caller(*this, blocking);
  while (!blocking.settled()) {
    if (until.expired()) {
      caller.leave();
      return blocking.settled();
    }
    bool claimed = false;
    bool patient = false;
    {
      const core::MutexLock lock(connection_.mutex_);
      // One that is nowhere is being settled, or will be handed in once there is a connection.
      if (blocking.place_ != Waiter::Place::nowhere) claimed = connection_.leadership_.claim();
      blocking.may_lead_ = !claimed;
      patient = blocking.place_ == Waiter::Place::queued;
    }
    if (claimed) {
      caller.lead(until);
    } else {
      caller.follow(patient, until);
    }
  }
  return true;
}

bool Combiner::run_until(Deadline until, const Interrupt* interrupt) noexcept {
  if (!claim_lead(IfLeaderless::leave_to_yielding)) return false;
  Completions completions;
  while (connection_.busy() && !(interrupt != nullptr && interrupt->raised)) {
    const auto now = Clock::now();
    const bool stopped = connection_.flush(until, now) != SharedConnection::Unsent::nothing;
    const auto result = connection_.read_once(
        {.deadline = until, .now = now, .writable = stopped, .interrupt = interrupt}, completions);
    completions.wake(lot_);
    if (result == SharedConnection::ReadResult::lost || until.expired()) break;
  }
  give_up_lead(completions);
  return true;
}

bool Combiner::drain_abandoned(Deadline until) noexcept {
  using ReadResult = SharedConnection::ReadResult;
  if (!claim_lead(IfLeaderless::take)) return true;
  Completions completions;
  const auto now = Clock::now();
  const Deadline at_once = Deadline::after(std::chrono::milliseconds(0), now);
  const bool stopped = flush_for_others(now, until);
  int reads = 0;
  ReadResult result = ReadResult::something;
  while (result == ReadResult::something && reads < late_reads) {
    result =
        connection_.read_once({.deadline = at_once, .now = now, .writable = stopped}, completions);
    ++reads;
  }
  completions.wake(lot_);  // Before another one can have later replies.
  give_up_lead(completions);
  return reads > 1 || result != ReadResult::nothing;
}

bool Combiner::cancel(Waiter& waiter) noexcept {
  bool leader_lost = false;
  {
    const core::MutexLock delivery(connection_.delivery_);
    const core::MutexLock lock(connection_.mutex_);
    if (waiter.place_ == Waiter::Place::nowhere) return true;
    const bool sent = waiter.place_ != Waiter::Place::queued;
    if (sent && waiter.request_->stays_once_sent()) return false;
    connection_.withdraw(waiter, Errc::cancelled, "the caller withdrew the request");
    leader_lost =
        waiter.background_ && Leadership::revoke_promotion(static_cast<BlockingWaiter&>(waiter));
  }
  if (leader_lost) give_up_lead();
  wake(waiter, lot_);
  return true;
}

Combiner::Clock::time_point Combiner::expire() noexcept {
  auto next = Clock::time_point::max();
  Completions expired;
  bool leader_lost = false;
  bool broken = false;
  {
    const core::MutexLock delivery(connection_.delivery_);
    const core::MutexLock lock(connection_.mutex_);
    next = connection_.mux_.expire(Clock::now(), expired.others);
    connection_.shut_if_broken();
    expired.others.each([&](Waiter& waiter) {
      if (Leadership::revoke_promotion(static_cast<BlockingWaiter&>(waiter))) leader_lost = true;
    });
    broken = connection_.mux_.state() == Multiplexer::State::breaking;
  }
  if (leader_lost) give_up_lead();
  if (broken) reap();
  expired.wake(lot_);
  return next;
}

void Combiner::end(std::string_view why) noexcept {
  {
    const core::MutexLock lock(connection_.mutex_);
    connection_.ended_ = true;
    connection_.mark_broken(Errc::cancelled, why);
  }
  Completions completions;
  connection_.fail_all(completions);
  completions.wake(lot_);
}

// Whoever has no time for all of it may be nobody's leader, or the last one.
bool Combiner::flush_for_others(Clock::time_point now, Deadline until) noexcept {
  using Unsent = SharedConnection::Unsent;
  const Unsent unsent = connection_.flush(until, now);
  if (unsent == Unsent::late && on_unsent_) on_unsent_();
  return unsent != Unsent::nothing;
}

bool Combiner::claim_lead(IfLeaderless what) noexcept {
  const core::MutexLock lock(connection_.mutex_);
  if (connection_.mux_.state() == Multiplexer::State::closed) return false;
  Leadership& leadership = connection_.leadership_;
  return what == IfLeaderless::take ? leadership.claim() : leadership.claim_unless_leaderless();
}

// What is to be sent anew has to queue up before the lost connection is closed, or later
// requests would overtake it on the next one.
void Combiner::settle_if_lost(Completions& completions) noexcept {
  {
    const core::MutexLock lock(connection_.mutex_);
    if (connection_.mux_.state() != Multiplexer::State::breaking) return;
  }
  connection_.fail_all(completions);
  completions.wake(lot_);
}

void Combiner::give_up_lead(Completions& completions) noexcept {
  Wakeups wakeups(lot_);
  bool leaderless = false;
  for (bool over = false; !over;) {
    settle_if_lost(completions);  // Somebody else may have marked it broken meanwhile.
    const core::MutexLock lock(connection_.mutex_);
    Leadership& leadership = connection_.leadership_;
    if (connection_.mux_.state() == Multiplexer::State::breaking && connection_.busy()) continue;
    over = true;
    if (connection_.mux_.accepting() && leadership.leave_open()) continue;
    leaderless = !leadership.hand_on(connection_.mux_, wakeups);
    if (!leaderless) continue;
    connection_.close_if_unused();
    if (connection_.mux_.retiring())
      connection_.unused_.notify_all();  // Somebody may wait for what is under way.
  }
  wakeups.wake();
  if (leaderless && on_leaderless_ && connection_.busy()) on_leaderless_();
  completions.wake(lot_);
}

}  // namespace cachekit::net
