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

#include "net/failure.hpp"
#include "net/wait_until.hpp"

#include <algorithm>
#include <new>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace cachekit::net {
namespace {

constexpr auto patience = std::chrono::microseconds(100);
constexpr auto longest_stand_by = std::chrono::microseconds(200);
constexpr auto shortest_silence = std::chrono::milliseconds(20);
constexpr auto margin = std::chrono::milliseconds(50);
// Of requests that are to go soon: who sent something so long ago does not wait for company, and so
// much is company enough.
constexpr auto moment = std::chrono::microseconds(50);
constexpr std::size_t full_batch = std::size_t{16} << 10U;
constexpr std::size_t spare_capacity = std::size_t{1} << 20U;

}  // namespace

Combiner::Combiner(const CombinerOptions& options, std::string endpoint)
    : options_(options), endpoint_(std::move(endpoint)) {}

Combiner::~Combiner() { end("the backend was destroyed"); }

bool Combiner::attach(Connection&& connection, Deadline deadline) {
  clear_away();
  std::unique_lock lock(mutex_);
  const auto free = [&] {
    return state_ == State::closed || (state_ == State::open && !peer_gone_);
  };
  if (!wait_until(let_go_, lock, deadline, free)) return false;
  if (state_ == State::open) return true;
  auto [socket, session] = std::move(connection).take_apart();
  socket_ = std::move(socket);
  session_ = std::move(session);
  heard_at_ = Clock::now();
  peer_gone_ = false;
  if (counts_.losses > 0) ++counts_.reconnects;
  state_ = State::open;
  return true;
}

// A connection whose peer is gone may have requests under way for which nobody reads just now.
void Combiner::clear_away() {
  {
    const std::lock_guard lock(mutex_);
    const bool useless = state_ == State::breaking || (state_ == State::open && peer_gone_);
    if (!useless || !become_reader()) return;
    doubt(Errc::unavailable, "the server closed the connection");
  }
  stop_reading();
}

bool Combiner::connected() const {
  const std::lock_guard lock(mutex_);
  return state_ == State::open && !peer_gone_;
}

bool Combiner::breaking() const {
  const std::lock_guard lock(mutex_);
  return state_ == State::breaking || (state_ == State::open && peer_gone_);
}

template <typename Queued>
Combiner::Entry Combiner::enter(Waiter& waiter, const Queued& queued) {
  const auto try_once = [&] {
    const std::lock_guard lock(mutex_);
    const Entry entry = enqueue(waiter);
    if (entry == Entry::queued) queued();
    return entry;
  };
  const Entry entry = try_once();
  if (entry != Entry::full) return entry;
  relieve();
  return try_once();
}

bool Combiner::run(Sleeper& sleeper) {
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
    drive(sleeper, begun);
  } else {
    sleep(sleeper, patient);
  }
  return true;
}

bool Combiner::submit(Waiter& waiter, Sending sending) {
  bool send = false;
  Wakeups wakeups(lot_);
  const Entry entry = enter(waiter, [&] {
    const bool alone = in_flight_ == 1;
    send = sending == Sending::now || alone || out_.size() > full_batch ||
           Clock::now() - written_at_ > moment;
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
  if (send) flush();
  return true;
}

void Combiner::wait(Sleeper& sleeper) {
  while (!sleeper.settled()) {
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
      drive(sleeper);
    } else {
      sleep(sleeper, patient);
    }
  }
}

Combiner::Entry Combiner::enqueue(Waiter& waiter) {
  if (!usable(waiter)) return Entry::no_connection;
  if (!waiter.outcome_) waiter.outcome_ = Result<void>();  // Of an earlier attempt.
  waiter.resendable_ = false;
  if (full()) {
    waiter.outcome_ = fail(too_much());
    return Entry::full;
  }
  const std::size_t begin = out_.size();
  Result<void> encoded{};
  try {
    encoded = waiter.request_->encode(*session_, out_);
  } catch (const std::bad_alloc&) {
    encoded = fail(Errc::overloaded, "there is no memory for the request", endpoint_);
  }
  if (!encoded) {
    out_.resize(begin);
    waiter.outcome_ = std::move(encoded);
    return Entry::refused;
  }
  waiter.begin_ = begin;
  waiter.bytes_ = out_.size() - begin;
  waiter.heard_ = heard_;
  if (in_flight_ == 0) busy_since_ = Clock::time_point::max();
  queued_.push_back(waiter, Waiter::Place::queued);
  ++in_flight_;
  bytes_in_flight_ += waiter.bytes_;
  return Entry::queued;
}

bool Combiner::full() const {
  return in_flight_ >= options_.max_requests || bytes_in_flight_ >= options_.max_bytes;
}

Error Combiner::too_much() const {
  return {
      Errc::overloaded,
      fmt::format("too much is under way: {} requests of {} allowed, {} bytes of {} allowed",
                  in_flight_.load(), options_.max_requests, bytes_in_flight_, options_.max_bytes),
      endpoint_,
      "shed load, look for what keeps the server from answering, or raise max_in_flight"};
}

// When all that is under way has been given up on, nobody would ever read what makes room again.
void Combiner::relieve() {
  if (!claim_reading(Vacancy::is_free)) return;
  Pass pass;
  const auto now = Clock::now();
  const Deadline at_once = Deadline::after(std::chrono::milliseconds(0), now);
  const bool stuck = flush(now);
  for (int reads = 0; reads < late_reads; ++reads) {
    if (read_once(at_once, now, stuck, pass) != Heard::something) break;
  }
  stop_reading(pass);
}

bool Combiner::usable(const Waiter& waiter) {
  if (state_ != State::open) return false;
  if (in_flight_ > 0 || reading_) return !peer_gone_;
  // The peer may have closed an idle connection. A read would be sent anew, a write would not: it
  // looks first, which costs a system call.
  const bool careful = !waiter.request_->replayable();
  if (!peer_gone_ && !(careful && socket_->readable_now())) return true;
  doubt(Errc::unavailable, "the server closed the connection");
  let_go();
  return false;
}

void Combiner::sleep(Sleeper& sleeper, bool patient) {
  const StoodBy stood_by = stand_by(sleeper);
  if (stood_by == StoodBy::to_read) return drive(sleeper);
  if (stood_by == StoodBy::for_news) patient = false;
  auto until = sleeper.deadline_.at();
  if (patient) until = std::min(until, Clock::now() + patience);
  while (true) {
    switch (sleeper.sleep(lot_, until)) {
      case Sleeper::News::settled:
        return;
      case Sleeper::News::drive:
        return drive(sleeper);
      default:
        break;
    }
    if (std::exchange(patient, false)) {
      until = sleeper.deadline_.at();
      flush();
    } else if (give_up(sleeper)) {
      return;
    } else {
      until = Clock::now() + std::chrono::milliseconds(5);  // It is about to be settled elsewhere.
    }
  }
}

Combiner::StoodBy Combiner::stand_by(Sleeper& sleeper) {
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
Combiner::StoodBy Combiner::await_turn(Sleeper& sleeper) {
  const int limit = yields_.load(std::memory_order_relaxed);
  const auto until = std::min(Clock::now() + longest_stand_by, sleeper.deadline_.at() - margin);
  for (int i = 0; i < limit && Clock::now() < until; ++i) {
    std::this_thread::yield();
    const bool news = sleeper.news() != Sleeper::News::none;
    if (!news && !(vacant_.load(std::memory_order_relaxed) && fill_vacancy(sleeper))) continue;
    yields_.store(std::min(limit + 2, most_yields), std::memory_order_relaxed);
    return news ? StoodBy::for_news : StoodBy::to_read;
  }
  yields_.store(std::max(limit - 1, least_yields), std::memory_order_relaxed);
  return StoodBy::in_vain;
}

bool Combiner::fill_vacancy(Sleeper& sleeper) {
  const std::lock_guard lock(mutex_);
  if (!vacant_ || sleeper.place_ == Waiter::Place::nowhere) return false;
  sleeper.may_drive_ = false;
  return become_reader();
}

bool Combiner::give_up(Sleeper& sleeper) {
  bool claimed = false;
  {
    const std::lock_guard lock(mutex_);
    if (sleeper.place_ == Waiter::Place::nowhere) return false;
    claimed = become_reader();
    if (claimed) sleeper.may_drive_ = false;
  }
  if (claimed) {  // What has arrived in time counts, even if nobody was there to read it.
    drive(sleeper);
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

void Combiner::withdraw(Waiter& waiter, Errc code, std::string_view why) {
  const bool sent = waiter.place_ != Waiter::Place::queued;
  const bool in_doubt = sent && !waiter.request_->replayable();
  waiter.outcome_ = fail(connection_error(code, std::string(why), endpoint_, in_doubt));
  if (code == Errc::timeout) ++counts_.timeouts;
  if (code == Errc::timeout && silent_too_long(waiter)) {
    doubt(Errc::unavailable, "the server said nothing while a deadline passed");
  }
  if (sent) return bury(waiter);

  out_.erase(waiter.begin_, waiter.bytes_);
  for (Waiter* later = waiter.next_; later != nullptr; later = later->next_) {
    later->begin_ -= waiter.bytes_;
  }
  queued_.remove(waiter);
  take_out(waiter);
}

void Combiner::bury(Waiter& waiter) {
  WaiterList& list = waiter.place_ == Waiter::Place::written ? written_ : expecting_;
  try {
    auto tombstone = std::make_unique<Tombstone>(waiter.request_->tombstone());
    list.replace(waiter, *tombstone.release());
    ++buried_;
    ++counts_.tombstones;
  } catch (const std::bad_alloc&) {  // Without it the replies would be out of step.
    doubt(Errc::overloaded, "there is no memory to go on with this connection");
    list.remove(waiter);
    take_out(waiter);
  }
}

// A peer that has said nothing since this request was handed in is dead when nobody else hopes for
// it, or when that has lasted long enough for everybody. A moment of silence is none: callers with
// tight budgets must not tear down what is merely slow.
bool Combiner::silent_too_long(const Waiter& waiter) const {
  if (waiter.heard_ != heard_) return false;
  const auto silence = Clock::now() - std::max(heard_at_, busy_since_);
  const bool alone = in_flight_ - buried_ <= 1;
  return silence >= (alone ? shortest_silence : options_.longest_silence);
}

void Combiner::doubt(Errc code, std::string why) {
  if (state_ != State::open) return;
  state_ = State::breaking;
  cause_ = {code, std::move(why), {}, {}};
  ++counts_.losses;
  socket_->shutdown();  // Whoever sleeps in a read wakes up. The descriptor stays taken.
}

void Combiner::let_go() {
  const bool in_use = reading_ || vacant_ || (writing_ && !stuck_);
  if (state_ != State::breaking || in_use || in_flight_ > 0) return;
  writing_ = stuck_ = false;
  sending_.clear();
  out_.clear();
  unsent_from_ = all_sent;
  socket_.reset();
  session_.reset();
  state_ = State::closed;
  let_go_.notify_all();
}

bool Combiner::flush(Clock::time_point now) {
  {
    const std::lock_guard lock(mutex_);
    if (may_begin_batch()) {
      begin_batch(now);
    } else if (!stuck_ || state_ != State::open || peer_gone_) {
      more_ = writing_;
      return false;
    }
    stuck_ = false;
  }
  return send_batch();
}

bool Combiner::may_begin_batch() const {
  return state_ == State::open && !peer_gone_ && !writing_ && !out_.empty();
}

bool Combiner::send_batch() {
  while (true) {
    const Socket::Status status = send_pending();
    const std::lock_guard lock(mutex_);
    end_batch(status);
    if (!std::exchange(more_, false) || !may_begin_batch()) return stuck_;
    begin_batch(Clock::now());
  }
}

void Combiner::begin_batch(Clock::time_point now) {
  writing_ = true;
  std::swap(out_, sending_);
  sent_ = 0;
  ++counts_.batches;
  queued_.each([&](Waiter& waiter) {
    waiter.batch_ = counts_.batches;
    ++counts_.requests;
  });
  const bool first = written_.empty() && expecting_.empty();
  written_.splice_back(queued_, Waiter::Place::written);
  written_at_ = now;
  if (first) busy_since_ = written_at_;
}

Socket::Status Combiner::send_pending() {
  while (sent_ < sending_.size()) {
    const auto written = socket_->write(std::string_view(sending_).substr(sent_));
    if (!written) return Socket::Status::closed;
    if (written->status != Socket::Status::done) return written->status;
    sent_ += written->bytes;
  }
  return Socket::Status::done;
}

void Combiner::end_batch(Socket::Status status) {
  stuck_ = status == Socket::Status::would_block;
  unsent_from_ = status == Socket::Status::done ? all_sent : sent_;
  if (status == Socket::Status::closed) peer_gone_ = true;
  if (!stuck_) {
    writing_ = false;
    sending_.clear();
    if (sending_.capacity() > spare_capacity) sending_ = std::string();
  }
  let_go();
}

CombinerStats Combiner::stats() const {
  const std::lock_guard lock(mutex_);
  CombinerStats now = counts_;
  now.in_flight = in_flight_;
  return now;
}

void Combiner::close_after_fork() noexcept {
  if (socket_) socket_->close();
}

}  // namespace cachekit::net
