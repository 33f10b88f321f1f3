// What callers do: hand requests in, sleep, drive, give up. What the reader does while it drives is
// in combiner_reader.cpp.
//
// A request moves through three lists: queued_ (its bytes are in out_), written_ (its bytes are in
// sending_ or gone), expecting_ (the reader has taken it over). It leaves them when it is settled.
//
// Whoever finds no reader becomes one. A caller stands by for a moment before it sleeps: it gives
// the processor to others again and again. A reader that stops leaves its place vacant while
// anybody stands by, and the first of them that has the processor takes it; to wait for a certain
// one would cost a round of changes from thread to thread. Newcomers leave the vacancy to them, so
// that what newcomers queue meanwhile goes out together. Who stops to stand by and is the last one
// looks whether there is a vacancy, so that none is forgotten. Where nobody stands by, the newest
// sleeper is told to read, for its reply comes last, and so it reads for all the others. Where no
// thread sleeps there is no reader, and the next caller who waits becomes it.
//
// While the reader waits for the peer, newcomers do not write at once: the reader will take along
// what they queued, in one system call, and that is what makes batches. The first of them has
// `patience` with it and then writes itself, so on a slow network nothing waits for a round trip of
// somebody else.

#include "net/combiner.hpp"

#include "core/out_of_memory.hpp"
#include "net/failure.hpp"
#include "net/scoped_count.hpp"
#include "net/wait_until.hpp"

#include <algorithm>
#include <ctime>
#include <exception>
#include <thread>
#include <utility>

namespace cachekit::net {
namespace {

constexpr auto patience = std::chrono::microseconds(100);
constexpr auto longest_stand_by = std::chrono::microseconds(200);
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

// What all threads of the process have run so far, together.
Deadline::clock::duration process_time() noexcept {
  timespec ran{};
  static_cast<void>(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ran));
  return std::chrono::seconds(ran.tv_sec) + std::chrono::nanoseconds(ran.tv_nsec);
}

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
  clear_away();
  drain(deadline);
  std::unique_lock lock(mutex_);
  const auto free = [&] { return state_ == State::closed || accepting(); };
  while (!free()) {
    const auto news = [&] { return free() || unread(); };
    if (!wait_until(let_go_, lock, deadline, news) || deadline.expired()) return free();
    if (free()) break;
    lock.unlock();
    drain(deadline);
    lock.lock();
  }
  if (state_ == State::open) return true;
  auto [socket, session] = std::move(connection).take_apart();
  socket_ = std::move(socket);
  session_ = std::move(session);
  heard_at_ = Clock::now();
  peer_gone_ = false;
  retiring_ = false;
  if (counts_.losses > 0) ++counts_.reconnects;
  state_ = State::open;
  ++number_;
  return true;
}

// A connection whose peer is gone may have requests under way for which nobody reads just now.
void Combiner::clear_away() noexcept {
  {
    const std::lock_guard lock(mutex_);
    const bool useless = state_ == State::breaking || (state_ == State::open && peer_gone_);
    if (!useless || !become_reader()) return;
    doubt(Errc::unavailable, "the server closed the connection");
  }
  stop_reading();
}

// What is under way on a connection that takes no more is answered first.
void Combiner::drain(Deadline until) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::open || !retiring_) return;
  }
  static_cast<void>(attend(until));
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

bool Combiner::run(Sleeper& sleeper) noexcept {
  const ScopedCount counted(callers_);
  bool claimed = false;
  bool patient = false;
  std::optional<Clock::time_point> begun;
  const Entry entry = enter(sleeper, [&] {
    patient = sleeper.begin_ == 0;  // It is the first of its batch.
    claimed = !vacant_ && become_reader();
    sleeper.may_drive_ = !claimed;
    if (claimed && may_begin_batch()) begin_batch(begun.emplace(Clock::now()));
  });
  if (entry == Entry::no_connection) return false;
  if (entry != Entry::queued) return true;
  if (claimed) {
    drive(sleeper, Deadline::after(forever), begun);
  } else {
    sleep(sleeper, patient, Deadline::after(forever));
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
    // Its thread may have waited for this while there was no connection: then it drives.
    if (waiter.may_drive_ && become_reader()) {
      auto& reader = static_cast<Sleeper&>(waiter);  // Nothing else may drive.
      tell_to_drive(reader, wakeups);
      send = false;
    }
  });
  if (entry == Entry::no_connection) return false;
  if (entry != Entry::queued) waiter.released(wakeups);
  wakeups.wake();
  if (send) flush_for_others(Clock::now(), until);
  return true;
}

void Combiner::wait(Sleeper& sleeper) noexcept {
  static_cast<void>(wait(sleeper, Deadline::after(forever)));
}

bool Combiner::wait(Sleeper& sleeper, Deadline until) noexcept {
  const ScopedCount counted(callers_);
  while (!sleeper.settled()) {
    if (until.expired()) {
      leave(sleeper);
      return sleeper.settled();
    }
    bool claimed = false;
    bool patient = false;
    {
      const std::lock_guard lock(mutex_);
      // One that is nowhere is being settled, or will be handed in once there is a connection.
      if (sleeper.place_ != Waiter::Place::nowhere) claimed = become_reader();
      sleeper.may_drive_ = !claimed;
      patient = sleeper.place_ == Waiter::Place::queued;
    }
    if (claimed) {
      drive(sleeper, until);
    } else {
      sleep(sleeper, patient, until);
    }
  }
  return true;
}

// It cannot be told to drive any more; where it has been told, it hands that on.
void Combiner::leave(Sleeper& sleeper) noexcept {
  {
    const std::lock_guard lock(mutex_);
    sleeper.may_drive_ = false;
  }
  if (take_back_reading(sleeper)) stop_reading();
}

Combiner::Entry Combiner::enqueue(Waiter& waiter) noexcept {
  if (!usable()) return Entry::no_connection;
  if (waiter.only_on_ != 0 && waiter.only_on_ != number_) return Entry::no_connection;
  if (!waiter.outcome_) waiter.outcome_ = Result<void>();  // Of an earlier attempt.
  waiter.resendable_ = false;
  if (bounds_.full() && !waiter.request_->is_follow_up()) {
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
  waiter.heard_ = heard_;
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
  if (relieve(until)) return true;
  look_for_room_at_.store(now + between_looks, std::memory_order_relaxed);
  return false;
}

bool Combiner::relieve(Deadline until) noexcept {
  if (!claim_reading(Vacancy::is_free)) return true;
  Pass pass;
  const auto now = Clock::now();
  const Deadline at_once = Deadline::after(std::chrono::milliseconds(0), now);
  const bool stuck = flush_for_others(now, until);
  int reads = 0;
  Heard heard = Heard::something;
  while (heard == Heard::something && reads < late_reads) {
    heard = read_once(at_once, now, stuck, pass);
    ++reads;
  }
  stop_reading(pass);
  return reads > 1 || heard != Heard::nothing;
}

bool Combiner::usable() noexcept {
  if (!accepting()) {
    const bool drained = state_ == State::open && retiring_ && in_flight() == 0;
    if (drained) let_go();
    return false;
  }
  if (in_flight() > 0 || reading_ || !spoke_unasked()) return true;
  doubt(Errc::unavailable, "the server ended or broke an idle connection");
  let_go();
  return false;
}

// On an idle connection the peer may have said something unasked, which would be taken for the
// reply to the next request, or it may have closed it. So each request looks first, which costs a
// system call, unless all that had come was read a moment ago. Where one reply too many came beside
// a request, all later ones are a request late, and a caller that asks without a pause always asks
// before the last one has arrived: so now and then it is made to pause.
bool Combiner::spoke_unasked() noexcept {
  const auto now = Clock::now();
  if (now - heard_at_ >= instant && socket_->readable_now()) return true;
  if (now < listen_at_) return false;
  listen_at_ = now + listen_interval;
  return now - heard_at_ < listen_time && socket_->readable_within(listen_time);
}

void Combiner::sleep(Sleeper& sleeper, bool patient, Deadline until) noexcept {
  const StoodBy stood_by = stand_by(sleeper);
  if (stood_by == StoodBy::to_read) return drive(sleeper, until);
  if (stood_by == StoodBy::for_news) patient = false;
  const auto end = earlier(sleeper.deadline_, until).at();
  auto at = patient ? std::min(end, Clock::now() + patience) : end;
  while (true) {
    switch (sleeper.sleep(lot_, at)) {
      case Sleeper::News::settled:
        return;
      case Sleeper::News::drive:
        return drive(sleeper, until);
      default:
        break;
    }
    if (std::exchange(patient, false)) {
      at = end;
      flush_for_others(Clock::now(), earlier(sleeper.deadline_, until));
    } else if (until.expired() || give_up(sleeper)) {
      return;
    } else {
      at = Clock::now() + std::chrono::milliseconds(5);  // It is about to be settled elsewhere.
    }
  }
}

Combiner::StoodBy Combiner::stand_by(Sleeper& sleeper) noexcept {
  standing_by_.fetch_add(1);
  const StoodBy how = await_turn(sleeper);
  // Together with `leave_vacant`: either that sees nobody standing by, or this sees the vacancy.
  const bool last = standing_by_.fetch_sub(1) == 1;
  if (last && vacant_ && claim_reading(Vacancy::is_free)) stop_reading();
  return how;
}

// Giving the processor away a few times is cheaper than to be put to sleep and woken, as long as
// the others have work to do in that time; where the news mostly comes later, it is tried less. On
// a busy machine it may take long until a thread is back, so not shortly before a deadline.
Combiner::StoodBy Combiner::await_turn(Sleeper& sleeper) noexcept {
  auto now = Clock::now();
  const auto until = std::min(now + longest_stand_by, sleeper.deadline_.at() - margin);
  if (now >= until) return StoodBy::in_vain;
  const YieldBudget::Draw drawn = yields_.draw();
  if (drawn.yields == 0) return StoodBy::in_vain;
  const auto ran_before = drawn.watched ? process_time() : Clock::duration{};
  Clock::duration longest{};
  StoodBy how = StoodBy::in_vain;
  for (int i = 0; i < drawn.yields && now < until && how == StoodBy::in_vain; ++i) {
    std::this_thread::yield();
    const auto back = Clock::now();
    longest = std::max(longest, back - std::exchange(now, back));
    if (sleeper.news() != Sleeper::News::none) {
      how = StoodBy::for_news;
    } else if (vacant_.load(std::memory_order_relaxed) && fill_vacancy(sleeper)) {
      how = StoodBy::to_read;
    }
  }
  const auto ran = drawn.watched ? process_time() - ran_before : Clock::duration{};
  yields_.note(drawn, {.news = how != StoodBy::in_vain, .longest = longest, .ran = ran});
  return how;
}

bool Combiner::fill_vacancy(Sleeper& sleeper) noexcept {
  const std::lock_guard lock(mutex_);
  if (!vacant_ || sleeper.place_ == Waiter::Place::nowhere) return false;
  sleeper.may_drive_ = false;
  return become_reader();
}

bool Combiner::give_up(Sleeper& sleeper) noexcept {
  bool claimed = false;
  {
    const std::lock_guard lock(mutex_);
    if (sleeper.place_ == Waiter::Place::nowhere) return false;
    claimed = become_reader();
    if (claimed) sleeper.may_drive_ = false;
  }
  if (claimed) {  // What has arrived in time counts, even if nobody was there to read it.
    drive(sleeper, Deadline::after(forever));
    return true;
  }
  {
    const std::scoped_lock lock(delivery_, mutex_);
    if (sleeper.place_ == Waiter::Place::nowhere || sleeper.news() == Sleeper::News::drive) {
      return false;
    }
    withdraw(sleeper, Errc::timeout, "no complete reply in time");
  }
  release(sleeper);
  return true;
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
