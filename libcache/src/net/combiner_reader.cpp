// What the reader does, and how it hands its part on.

#include "net/combiner.hpp"
#include "net/failure.hpp"

#include <array>
#include <exception>
#include <utility>

namespace cachekit::net {
namespace {

constexpr std::size_t receive_size = 65'536;

}  // namespace

void Combiner::drive(Sleeper& sleeper, std::optional<Clock::time_point> begun) {
  Pass pass{.own = &sleeper};
  int late = 0;
  // Somebody may cancel it, which does not wake a thread that reads; a read lasts 0.1 s at most.
  while (!pass.own_settled && !sleeper.settled()) {
    const auto now = begun ? *begun : Clock::now();
    const bool stuck = begun ? send_batch() : flush(now);
    begun.reset();
    const Heard heard = read_once(sleeper.deadline_, now, stuck, pass);
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
  // the successor finds the server at work already.
  wake(pass);
  if (busy()) flush();
  stop_reading(pass);
  if (pass.own_settled) release(sleeper);
}

Combiner::Heard Combiner::read_once(Deadline deadline, Clock::time_point now, bool stuck,
                                    Pass& pass) {
  thread_local std::array<char, receive_size> buffer;
  Result<Socket::Transfer> came = socket_->read(buffer, stuck, deadline, now);
  if (came && came->status == Socket::Status::done) {
    return deliver({buffer.data(), came->bytes}, pass);
  }
  {
    const std::lock_guard lock(mutex_);
    if (!came) {
      doubt(came.error().code, std::move(came.error().message));
    } else if (came->status == Socket::Status::closed) {
      doubt(Errc::unavailable, "the server closed the connection");
    }
    if (state_ == State::open) return Heard::nothing;
  }
  fail_all(pass);
  return Heard::lost;
}

Combiner::Heard Combiner::deliver(std::string_view bytes, Pass& pass) {
  Result<void> handed_out{};
  {
    const std::lock_guard lock(delivery_);
    try {
      session_->feed(bytes);
      handed_out = hand_out(pass);
    } catch (const std::exception& error) {
      handed_out =
          fail(Errc::overloaded, std::string("the reply could not be taken: ") + error.what());
    }
  }
  if (handed_out) return Heard::something;
  {
    const std::lock_guard lock(mutex_);
    doubt(handed_out.error().code, std::move(handed_out.error().message));
  }
  fail_all(pass);
  return Heard::lost;
}

// Parses straight into the requests. Nobody takes these out of the list meanwhile, for that wants
// delivery_, which the caller holds; those that are done are taken out together.
Result<void> Combiner::hand_out(Pass& pass) {
  Waiter* end = nullptr;  // The first one that is not done.
  for (bool first = true;; first = false) {
    {
      const std::lock_guard lock(mutex_);
      if (first) {
        ++heard_;
      } else {
        take_done(end, pass);
      }
      expecting_.splice_back(written_, Waiter::Place::expecting);
      end = expecting_.front();
    }
    if (session_->idle()) return {};
    if (end == nullptr) return fail(Errc::protocol, "the server sent more than was asked for");
    Result<bool> complete = true;
    while (end != nullptr && complete && *complete && !session_->idle()) {
      complete = session_->advance(*end->request_);
      if (complete && *complete) end = end->next_;
    }
    if (complete && *complete) continue;
    const std::lock_guard lock(mutex_);
    take_done(end, pass);
    if (!complete) return fail(std::move(complete).error());
    return {};  // Half a reply is left.
  }
}

void Combiner::take_done(const Waiter* end, Pass& pass) {
  while (expecting_.front() != end) {
    Waiter& waiter = expecting_.pop_front();
    take_out(waiter);
    pass.add(waiter);
  }
  if (in_flight_ > 0) heard_at_ = Clock::now();
}

void Combiner::take_out(const Waiter& waiter) {
  --in_flight_;
  bytes_in_flight_ -= waiter.bytes_;
  if (waiter.buried_) --buried_;
}

void Combiner::fail_all(Pass& pass) {
  const std::scoped_lock lock(delivery_, mutex_);
  while (!expecting_.empty()) settle_lost(expecting_.pop_front(), true, pass);
  while (!written_.empty()) {
    Waiter& waiter = written_.pop_front();
    // A batch of which a part did not go: the kernel has nothing of the requests in that part.
    const bool went = waiter.batch_ != counts_.batches || waiter.begin_ < unsent_from_;
    settle_lost(waiter, went, pass);
  }
  while (!queued_.empty()) settle_lost(queued_.pop_front(), false, pass);
}

void Combiner::settle_lost(Waiter& waiter, bool sent, Pass& pass) {
  take_out(waiter);
  const bool replayable = waiter.request_->replayable();
  const bool lost = cause_.code == Errc::unavailable;
  waiter.resendable_ = lost && (!sent || replayable);
  waiter.outcome_ =
      fail(connection_error(cause_.code, cause_.message, endpoint_, sent && !replayable));
  pass.add(waiter);
}

void Combiner::Pass::add(Waiter& waiter) noexcept {
  if (&waiter == own) {
    own_settled = true;
  } else {
    others.push_back(waiter, Waiter::Place::nowhere);
  }
}

void Combiner::stop_reading(Pass& pass) {
  Sleeper* successor = nullptr;
  Wakeups wakeups(lot_);
  bool vacant = false;
  for (bool over = false; !over;) {
    std::unique_lock lock(mutex_);
    if (state_ == State::breaking && in_flight_ > 0) {  // Somebody else was in doubt meanwhile.
      lock.unlock();
      fail_all(pass);
      continue;
    }
    over = true;
    vacant = leave_vacant();
    if (vacant) continue;
    successor = newest_sleeper();
    if (successor == nullptr) {
      reading_ = false;
      let_go();
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
  if (state_ != State::open) return false;
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

Sleeper* Combiner::newest_sleeper() const {
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
