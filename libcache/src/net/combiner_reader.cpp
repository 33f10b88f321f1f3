// What the reader does, and how it hands its part on.

#include "core/out_of_memory.hpp"
#include "net/combiner.hpp"
#include "net/failure.hpp"

#include <exception>
#include <thread>
#include <utility>

namespace cachekit::net {

void Combiner::drive(Sleeper& sleeper, Deadline until,
                     std::optional<Clock::time_point> begun) noexcept {
  Pass pass{.own = &sleeper};
  int late = 0;
  const Deadline deadline = earlier(sleeper.deadline_, until);
  // Somebody may cancel it, which does not wake a thread that reads; a read lasts 0.1 s at most.
  while (!pass.own_settled && !sleeper.settled() && !until.expired()) {
    const auto now = begun ? *begun : Clock::now();
    const Unsent unsent = begun ? send_batch(deadline) : flush(now, deadline);
    const bool stuck = unsent != Unsent::nothing;
    begun.reset();
    const Heard heard = read_once(deadline, now, stuck, pass);
    if (!pass.own_settled && sleeper.deadline_.expired() &&
        (heard == Heard::nothing || ++late > late_reads)) {
      const std::scoped_lock lock(delivery_, mutex_);
      if (sleeper.place_ == Waiter::Place::nowhere) continue;  // It is being cancelled.
      withdraw(sleeper, Errc::timeout, "no complete reply in time");
      pass.own_settled = true;
    }
    if (!pass.own_settled) wake(pass);
  }
  // First the others get to run, then what they (and those before them) have queued goes out, and
  // the successor finds the server at work already. What is to be sent anew queues up, its own
  // request in its place among them, before a new connection can be there.
  wake(pass);
  if (busy()) flush_for_others(Clock::now(), deadline);
  if (pass.own_settled) release(sleeper);
  pass.own = nullptr;  // If it is settled from here on, it wants to be told like anybody else.
  stop_reading(pass);
}

Combiner::Heard Combiner::read_once(Deadline deadline, Clock::time_point now, bool stuck,
                                    Pass& pass, const Interrupt* interrupt) noexcept {
  const std::span<char> into(buffer_.get(), receive_size);
  if (interrupt != nullptr) {
    wait_ready(socket_->descriptor(), stuck, interrupt->descriptor, deadline);
  }
  // A reply that did not come in the first read is far away, and says nothing of the next one.
  const bool first = !std::exchange(pass.has_read, true);
  const bool alone = first && pass.own != nullptr && !stuck && in_flight() == 1;
  Result<Socket::Transfer> came = interrupt != nullptr ? socket_->read(into)
                                  : alone              ? read_alone(into, deadline, now)
                                                       : socket_->read(into, stuck, deadline, now);
  if (came && came->status == Socket::Status::done) {
    return deliver({buffer_.get(), came->bytes}, pass);
  }
  {
    const std::lock_guard lock(mutex_);
    if (!came) {
      doubt(came.error().code, came.error().message);
    } else if (came->status == Socket::Status::closed) {
      doubt(Errc::unavailable, "the server closed the connection");
    }
    if (state_ == State::open) return Heard::nothing;
  }
  fail_all(pass);
  return Heard::lost;
}

// Nobody else's request is under way, whose caller could use the processor meanwhile.
Result<Socket::Transfer> Combiner::read_alone(std::span<char> into, Deadline deadline,
                                              Clock::time_point now) noexcept {
  const Clock::time_point enough = now + SpinChoice::longest_look;
  if (enough > deadline.at() - margin) return socket_->read(into, false, deadline, now);
  if (spin_.next() == SpinChoice::Way::look) {
    do {
      std::this_thread::yield();
      Result<Socket::Transfer> came = socket_->read(into);
      if (came && came->status == Socket::Status::would_block) continue;
      spin_.note(Clock::now() - now);
      return came;
    } while (Clock::now() < enough);
  }
  Result<Socket::Transfer> came = socket_->read(into, false, deadline, now);
  spin_.note(Clock::now() - now);
  return came;
}

Combiner::Heard Combiner::deliver(std::string_view bytes, Pass& pass) noexcept {
  Result<void> handed_out{};
  {
    const std::lock_guard lock(delivery_);
    try {
      handed_out = hand_out(bytes, pass);
    } catch (const std::exception&) {  // A reply is half read: no later one can be trusted.
      handed_out = fail(out_of_memory(Errc::unavailable));
    }
  }
  if (handed_out) return Heard::something;
  {
    const std::lock_guard lock(mutex_);
    doubt(handed_out.error().code, handed_out.error().message);
  }
  fail_all(pass);
  return Heard::lost;
}

// Parses straight into the requests. Nobody takes these out of the list meanwhile, for that wants
// delivery_, which the caller holds; those that are done are taken out together, once it is known
// that all bytes belonged to somebody: with a reply too many it is not known which one that was.
Result<void> Combiner::hand_out(std::string_view bytes, Pass& pass) {
  Waiter* end = nullptr;           // The first one that is not done.
  const Waiter* unsent = nullptr;  // The first one that can have no reply yet.
  culprit_ = nullptr;
  {
    const std::lock_guard lock(mutex_);
    hear();
    expecting_.splice_back(written_, Waiter::Place::expecting);
    end = expecting_.front();
    unsent = first_unsent();
  }
  session_->feed(bytes);
  while (end != nullptr && end != unsent && !session_->idle()) {
    Result<bool> complete = session_->advance(*end->request_);
    if (!complete) {
      // Bytes that were lost for want of memory are no fault of the reply.
      if (complete.error().code != Errc::unavailable) culprit_ = end;
      return fail(std::move(complete).error());
    }
    if (!*complete) break;  // Half a reply is left.
    end = end->next_;
  }
  if ((end == nullptr || end == unsent) && !session_->idle()) {
    return fail(Errc::protocol, "the server sent more than was asked for");
  }
  const std::lock_guard lock(mutex_);
  take_done(end, pass);
  retiring_ = retiring_ || session_->retiring();
  return {};
}

void Combiner::take_done(const Waiter* end, Pass& pass) noexcept {
  while (expecting_.front() != end) {
    Waiter& waiter = expecting_.pop_front();
    take_out(waiter);
    pass.add(waiter);
  }
}

void Combiner::hear() noexcept {
  ++heard_;
  heard_at_ = Clock::now();
}

// Of the last batch, of which the kernel took a part. (While somebody writes, nobody knows how much
// that is.)
const Waiter* Combiner::first_unsent() const noexcept {
  const Waiter* first = nullptr;
  for (const Waiter* at = expecting_.back(); at != nullptr; at = at->previous_) {
    if (at->batch_ != counts_.batches || at->begin_ < unsent_from_) break;
    first = at;
  }
  return first;
}

void Combiner::take_out(const Waiter& waiter) noexcept { load_.remove(waiter.bytes_); }

void Combiner::fail_all(Pass& pass) noexcept {
  const std::scoped_lock lock(delivery_, mutex_);
  while (!expecting_.empty()) settle_lost(expecting_.pop_front(), true, pass);
  while (!written_.empty()) {
    Waiter& waiter = written_.pop_front();
    // A batch of which a part did not go: the kernel has nothing of the requests in that part.
    const bool went = waiter.batch_ != counts_.batches || waiter.begin_ < unsent_from_;
    settle_lost(waiter, went, pass);
  }
  while (!queued_.empty()) settle_lost(queued_.pop_front(), false, pass);
  culprit_ = nullptr;
}

// The one whose reply broke the connection is told how; for its neighbours the connection is gone.
void Combiner::settle_lost(Waiter& waiter, bool sent, Pass& pass) noexcept {
  take_out(waiter);
  const bool replayable = waiter.request_->replayable();
  const bool ended = cause_.code == Errc::cancelled;  // By this side.
  const bool its_own = &waiter == culprit_;
  const bool at_fault = its_own && !waiter.request_->wants_again();
  waiter.resendable_ = !ended && !at_fault && (!sent || replayable);
  const bool of_others = culprit_ != nullptr && !its_own;
  const Errc code = of_others && !ended ? Errc::unavailable : cause_.code;
  waiter.outcome_ = fail(connection_error(code, cause_.message, endpoint_, sent && !replayable));
  pass.add(waiter);
}

void Combiner::Pass::add(Waiter& waiter) noexcept {
  if (&waiter == own) {
    own_settled = true;
  } else {
    others.push_back(waiter, Waiter::Place::nowhere);
  }
}

// What is to be sent anew has to queue up before the lost connection is let go of, or later
// requests would overtake it on the next one.
void Combiner::settle_if_lost(Pass& pass) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::breaking) return;
  }
  fail_all(pass);
  wake(pass);
}

void Combiner::stop_reading(Pass& pass) noexcept {
  Sleeper* successor = nullptr;
  Wakeups wakeups(lot_);
  bool vacant = false;
  for (bool over = false; !over;) {
    settle_if_lost(pass);  // Somebody else may have been in doubt meanwhile.
    const std::lock_guard lock(mutex_);
    if (state_ == State::breaking && in_flight() > 0) continue;
    over = true;
    vacant = leave_vacant();
    if (vacant) continue;
    successor = newest_sleeper();
    if (successor == nullptr) {
      reading_ = false;
      let_go();
      if (retiring_) let_go_.notify_all();  // Somebody may wait for what is under way.
    } else {
      tell_to_drive(*successor, wakeups);
    }
  }
  wakeups.wake();
  if (!vacant && successor == nullptr && unattended_ && busy()) unattended_();
  wake(pass);
}

// False, and nothing has changed, when nobody stands by who would take the place, or see that
// another one does.
bool Combiner::leave_vacant() noexcept {
  if (!accepting()) return false;
  vacant_ = true;
  if (standing_by_ == 0) {
    vacant_ = false;
    return false;
  }
  reading_ = false;
  return true;
}

void Combiner::tell_to_drive(Sleeper& sleeper, Wakeups& wakeups) noexcept {
  sleeper.may_drive_ = false;
  sleeper.tell(Sleeper::News::drive, wakeups);
}

// There may be thousands of requests that nobody waits for.
Sleeper* Combiner::newest_sleeper() const noexcept {
  if (callers_.load(std::memory_order_relaxed) == 0) return nullptr;
  const auto may_drive = [](const Waiter& waiter) { return waiter.may_drive_; };
  Waiter* found = queued_.newest(may_drive);
  if (found == nullptr) found = written_.newest(may_drive);
  if (found == nullptr) found = expecting_.newest(may_drive);
  return static_cast<Sleeper*>(found);  // Nothing else may drive.
}

void Combiner::wake(Pass& pass) noexcept {
  if (pass.others.empty()) return;
  Wakeups wakeups(lot_);
  while (!pass.others.empty()) pass.others.take_front().released(wakeups);
}

void Combiner::release(Waiter& waiter) noexcept {
  Wakeups wakeups(lot_);
  waiter.released(wakeups);
}

}  // namespace cachekit::net
