// What callers do: hand requests in, sleep, lead, give up. What the leader does while it leads is
// in combiner_leader.cpp.
//
// A request moves through three lists: queued_ (its bytes are in out_), written_ (its bytes are in
// sending_ or gone), expecting_ (the leader has taken it over). It leaves them when it is settled.
//
// A caller that finds no leader becomes it (Leader/Followers). Before it parks, a caller yields for
// a moment: it gives the processor to others again and again. A leader that stops leaves the lead
// open while anybody yields, and the first of them that has the processor takes it; to wait for a
// certain one would cost a round of changes from thread to thread. Newcomers leave it to them, so
// that what newcomers queue meanwhile goes out together. The last one that stops yielding looks
// whether a leader is missing, so that none is forgotten. Where nobody yields, the newest parked
// caller is promoted, for its reply comes last, and so it reads for all the others. Where no caller
// is parked there is no leader, and the next caller that waits becomes it.
//
// While the leader waits for the peer, newcomers do not write at once: the leader will take along
// what they queued, in one system call, and that is what makes batches. The first of them has
// `patience` with it and then writes itself, so on a slow network nothing waits for a round trip of
// somebody else.

#include "net/mux/combiner.hpp"

#include "core/out_of_memory.hpp"
#include "net/failure.hpp"
#include "net/scoped_count.hpp"
#include "net/wait_until.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace cachekit::net {
namespace {

// How often a connection that is idle for a moment is listened to, and for how long.
constexpr auto listen_interval = std::chrono::milliseconds(50);
constexpr auto listen_time = std::chrono::microseconds(200);
// So soon after the last bytes nobody looks for more: what came with them was read with them.
constexpr auto instant = std::chrono::microseconds(10);
// Of requests that are to go soon: who sent something so long ago does not wait for company, and so
// much is company enough.
constexpr auto moment = std::chrono::microseconds(50);
// Where there was no room, and nothing had come that makes some; where the kernel took no more.
constexpr auto between_looks = std::chrono::milliseconds(1);
constexpr std::size_t full_batch = std::size_t{16} << 10U;

}  // namespace

Combiner::Combiner(const CombinerOptions& options, std::string endpoint, const Surroundings& around)
    : options_(options),
      endpoint_(std::move(endpoint)),
      bounds_(around.bounds),
      order_(around.order),
      lane_(around.lane),
      buffer_(std::make_unique_for_overwrite<char[]>(receive_size)) {}

Combiner::~Combiner() { end("the backend was destroyed"); }

bool Combiner::attach(Connection&& connection, Deadline deadline) noexcept {
  reap();
  drain(deadline);
  std::unique_lock lock(mutex_);
  const auto free = [&] { return state_ == State::closed || accepting(); };
  while (!free()) {
    const auto signal = [&] { return free() || without_leader(); };
    if (!wait_until(unused_, lock, deadline, signal) || deadline.expired()) return free();
    if (free()) break;
    lock.unlock();
    drain(deadline);
    lock.lock();
  }
  if (state_ == State::open) return true;
  auto [socket, session] = std::move(connection).take_apart();
  socket_ = std::move(socket);
  session_ = std::move(session);
  last_word_at_ = Clock::now();
  peer_gone_ = false;
  retiring_ = false;
  if (counts_.losses > 0) ++counts_.reconnects;
  state_ = State::open;
  ++number_;
  return true;
}

// A connection whose peer is gone may have requests under way for which nobody reads just now.
void Combiner::reap() noexcept {
  {
    const std::lock_guard lock(mutex_);
    const bool useless = state_ == State::breaking || (state_ == State::open && peer_gone_);
    if (!useless || !become_leader()) return;
    mark_broken(Errc::unavailable, "the server closed the connection");
  }
  give_up_lead();
}

// What is under way on a connection that takes no more is answered first.
void Combiner::drain(Deadline until) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::open || !retiring_) return;
  }
  static_cast<void>(run_until(until));
}

bool Combiner::connected() const {
  const std::lock_guard lock(mutex_);
  return accepting();
}

bool Combiner::breaking() const {
  const std::lock_guard lock(mutex_);
  return state_ != State::closed && !accepting();
}

template <typename Queued>
Combiner::Entry Combiner::enter(Waiter& waiter, const Queued& queued) noexcept {
  const auto try_once = [&] {
    const std::lock_guard lock(mutex_);
    const Entry entry = enqueue(waiter);
    if (entry == Entry::queued) queued();
    return entry;
  };
  const Entry entry = try_once();
  if (entry != Entry::full || !make_room(waiter.deadline_)) return entry;
  return try_once();
}

bool Combiner::run(BlockingWaiter& blocking) noexcept {
  const ScopedCount counted(callers_);
  bool claimed = false;
  bool patient = false;
  std::optional<Clock::time_point> begun;
  const Entry entry = enter(blocking, [&] {
    patient = blocking.begin_ == 0;  // It is the first of its batch.
    claimed = !leaderless_ && become_leader();
    blocking.may_lead_ = !claimed;
    if (claimed && may_begin_batch()) begin_batch(begun.emplace(Clock::now()));
  });
  if (entry == Entry::no_connection) return false;
  if (entry != Entry::queued) return true;
  if (claimed) {
    lead(blocking, Deadline::after(forever), begun);
  } else {
    sleep(blocking, patient, Deadline::after(forever));
  }
  return true;
}

bool Combiner::submit(Waiter& waiter, Sending sending) noexcept {
  const Deadline until = waiter.deadline_;  // It may be gone by then.
  bool send = false;
  Wakeups wakeups(lot_);
  const Entry entry = enter(waiter, [&] {
    const bool alone = in_flight() == 1;
    const auto now = Clock::now();
    // A peer that takes no more is not asked for each request whether it does by now.
    const bool takes_none = stuck_ && now - stuck_at_ < between_looks;
    send = !takes_none && (sending == Sending::now || alone || out_.size() > full_batch ||
                           now - written_at_ > moment);
    // Its thread may have waited for this while there was no connection: then it leads.
    if (waiter.may_lead_ && become_leader()) {
      auto& leader = static_cast<BlockingWaiter&>(waiter);  // Nothing else may lead.
      promote(leader, wakeups);
      send = false;
    }
  });
  if (entry == Entry::no_connection) return false;
  if (entry != Entry::queued) waiter.released(wakeups);
  wakeups.wake();
  if (send) flush_for_others(Clock::now(), until);
  return true;
}

void Combiner::wait(BlockingWaiter& blocking) noexcept {
  static_cast<void>(wait(blocking, Deadline::after(forever)));
}

bool Combiner::wait(BlockingWaiter& blocking, Deadline until) noexcept {
  const ScopedCount counted(callers_);
  while (!blocking.settled()) {
    if (until.expired()) {
      leave(blocking);
      return blocking.settled();
    }
    bool claimed = false;
    bool patient = false;
    {
      const std::lock_guard lock(mutex_);
      // One that is nowhere is being settled, or will be handed in once there is a connection.
      if (blocking.place_ != Waiter::Place::nowhere) claimed = become_leader();
      blocking.may_lead_ = !claimed;
      patient = blocking.place_ == Waiter::Place::queued;
    }
    if (claimed) {
      lead(blocking, until);
    } else {
      sleep(blocking, patient, until);
    }
  }
  return true;
}

// It cannot be promoted any more; where it has been told, it hands that on.
void Combiner::leave(BlockingWaiter& blocking) noexcept {
  {
    const std::lock_guard lock(mutex_);
    blocking.may_lead_ = false;
  }
  if (revoke_promotion(blocking)) give_up_lead();
}

Combiner::Entry Combiner::enqueue(Waiter& waiter) noexcept {
  if (!usable()) return Entry::no_connection;
  if (waiter.only_on_ != 0 && waiter.only_on_ != number_) return Entry::no_connection;
  if (!waiter.outcome_) waiter.outcome_ = Result<void>();  // Of an earlier attempt.
  waiter.resendable_ = false;
  if (!bounds_.admits(*waiter.request_)) {
    waiter.outcome_ = fail(bounds_.too_much(endpoint_));
    return Entry::full;
  }
  const std::size_t begin = out_.size();
  if (!encode(waiter)) {
    out_.resize(begin);
    trim_queue();
    return Entry::refused;
  }
  waiter.begin_ = begin;
  waiter.bytes_ = out_.size() - begin;
  waiter.words_ = words_;
  if (in_flight() == 0) busy_since_ = Clock::time_point::max();
  queued_.push_back(waiter, Waiter::Place::queued);
  load_.add(waiter.bytes_);
  return Entry::queued;
}

bool Combiner::encode(Waiter& waiter) noexcept {
  try {
    Result<void> encoded = waiter.request_->encode(*session_, out_);
    if (encoded) return true;
    waiter.outcome_ = std::move(encoded);
  } catch (const std::exception&) {  // No memory, or a length that no string can have.
    waiter.outcome_ = fail(out_of_memory());
  }
  return false;
}

// When all that is under way has been given up on, nobody would ever read what makes room again.
// Many may be refused at once: to look costs more than to refuse.
bool Combiner::make_room(Deadline until) noexcept {
  const auto now = Clock::now();
  if (now < look_for_room_at_.load(std::memory_order_relaxed)) return false;
  if (drain_abandoned(until)) return true;
  look_for_room_at_.store(now + between_looks, std::memory_order_relaxed);
  return false;
}

bool Combiner::drain_abandoned(Deadline until) noexcept {
  if (!claim_lead(IfLeaderless::take)) return true;
  Completions completions;
  const auto now = Clock::now();
  const Deadline at_once = Deadline::after(std::chrono::milliseconds(0), now);
  const bool stuck = flush_for_others(now, until);
  int reads = 0;
  ReadResult heard = ReadResult::something;
  while (heard == ReadResult::something && reads < late_reads) {
    heard = read_once(at_once, now, stuck, completions);
    ++reads;
  }
  give_up_lead(completions);
  return reads > 1 || heard != ReadResult::nothing;
}

bool Combiner::usable() noexcept {
  if (!accepting()) {
    const bool drained = state_ == State::open && retiring_ && in_flight() == 0;
    if (drained) close_if_unused();
    return false;
  }
  if (in_flight() > 0 || leading_ || !spoke_unasked()) return true;
  mark_broken(Errc::unavailable, "the server ended or broke an idle connection");
  close_if_unused();
  return false;
}

// On an idle connection the peer may have said something unasked, which would be taken for the
// reply to the next request, or it may have closed it. So each request looks first, which costs a
// system call, unless all that had come was read a moment ago. Where one reply too many came beside
// a request, all later ones are a request late, and a caller that asks without a pause always asks
// before the last one has arrived: so now and then it is made to pause.
bool Combiner::spoke_unasked() noexcept {
  const auto now = Clock::now();
  if (now - last_word_at_ >= instant && socket_->readable_now()) return true;
  if (now < listen_at_) return false;
  listen_at_ = now + listen_interval;
  return now - last_word_at_ < listen_time && socket_->readable_within(listen_time);
}

CombinerStats Combiner::stats() const {
  const std::lock_guard lock(mutex_);
  CombinerStats now = counts_;
  now.in_flight = in_flight();
  return now;
}

void Combiner::close_after_fork() noexcept {
  if (socket_) socket_->close();
}

}  // namespace cachekit::net
