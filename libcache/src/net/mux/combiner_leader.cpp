// What the leader does, and how it hands its part on.

#include "core/out_of_memory.hpp"
#include "net/failure.hpp"
#include "net/mux/combiner.hpp"

#include <exception>
#include <thread>
#include <utility>

namespace cachekit::net {

void Combiner::lead(BlockingWaiter& blocking, Deadline until,
                    std::optional<Clock::time_point> begun) noexcept {
  Completions completions{.own = &blocking};
  int late = 0;
  const Deadline deadline = earlier(blocking.deadline_, until);
  // Somebody may cancel it, which does not wake a thread that reads; a read lasts 0.1 s at most.
  while (!completions.own_settled && !blocking.settled() && !until.expired()) {
    const auto now = begun ? *begun : Clock::now();
    const Unsent unsent = begun ? send_batch(deadline) : flush(now, deadline);
    const bool stuck = unsent != Unsent::nothing;
    begun.reset();
    const ReadResult heard = read_once(deadline, now, stuck, completions);
    if (!completions.own_settled && blocking.deadline_.expired() &&
        (heard == ReadResult::nothing || ++late > late_reads)) {
      const std::scoped_lock lock(delivery_, mutex_);
      if (blocking.place_ == Waiter::Place::nowhere) continue;  // It is being cancelled.
      withdraw(blocking, Errc::timeout, "no complete reply in time");
      completions.own_settled = true;
    }
    if (!completions.own_settled) wake(completions);
  }
  // First the others get to run, then what they (and those before them) have queued goes out, and
  // the successor finds the server at work already. What is to be sent anew queues up, its own
  // request in its place among them, before a new connection can be there.
  wake(completions);
  if (busy()) flush_for_others(Clock::now(), deadline);
  if (completions.own_settled) release(blocking);
  completions.own =
      nullptr;  // If it is settled from here on, it wants to be told like anybody else.
  give_up_lead(completions);
}

Combiner::ReadResult Combiner::read_once(Deadline deadline, Clock::time_point now, bool stuck,
                                         Completions& completions,
                                         const Interrupt* interrupt) noexcept {
  const std::span<char> into(buffer_.get(), receive_size);
  if (interrupt != nullptr) {
    wait_ready(socket_->descriptor(), stuck, interrupt->descriptor, deadline);
  }
  // A reply that did not come in the first read is far away, and says nothing of the next one.
  const bool first = !std::exchange(completions.has_read, true);
  const bool alone = first && completions.own != nullptr && !stuck && in_flight() == 1;
  Result<Socket::Transfer> came = interrupt != nullptr ? socket_->read(into)
                                  : alone              ? read_alone(into, deadline, now)
                                                       : socket_->read(into, stuck, deadline, now);
  if (came && came->status == Socket::Status::done) {
    return deliver({buffer_.get(), came->bytes}, completions);
  }
  {
    const std::lock_guard lock(mutex_);
    if (!came) {
      mark_broken(came.error().code, came.error().message);
    } else if (came->status == Socket::Status::closed) {
      mark_broken(Errc::unavailable, "the server closed the connection");
    }
    if (state_ == State::open) return ReadResult::nothing;
  }
  fail_all(completions);
  return ReadResult::lost;
}

// Nobody else's request is under way, whose caller could use the processor meanwhile.
Result<Socket::Transfer> Combiner::read_alone(std::span<char> into, Deadline deadline,
                                              Clock::time_point now) noexcept {
  const Clock::time_point enough = now + SpinChoice::longest_spin;
  if (enough > deadline.at() - margin) return socket_->read(into, false, deadline, now);
  const bool spun = spin_.next() == SpinChoice::Way::spin;
  if (spun) {
    do {
      std::this_thread::yield();
      Result<Socket::Transfer> came = socket_->read(into);
      if (came && came->status == Socket::Status::would_block) continue;
      spin_.note(Clock::now() - now);
      return came;
    } while (Clock::now() < enough);
  }
  Result<Socket::Transfer> came = socket_->read(into, false, deadline, spun ? Clock::now() : now);
  spin_.note(Clock::now() - now);
  return came;
}

Combiner::ReadResult Combiner::deliver(std::string_view bytes, Completions& completions) noexcept {
  Result<void> handed_out{};
  {
    const std::lock_guard lock(delivery_);
    try {
      handed_out = hand_out(bytes, completions);
    } catch (const std::exception&) {  // A reply is half read: no later one can be trusted.
      handed_out = fail(out_of_memory(Errc::unavailable));
    }
  }
  if (handed_out) return ReadResult::something;
  {
    const std::lock_guard lock(mutex_);
    mark_broken(handed_out.error().code, handed_out.error().message);
  }
  fail_all(completions);
  return ReadResult::lost;
}

// Parses straight into the requests. Nobody takes these out of the list meanwhile, for that wants
// delivery_, which the caller holds; those that are done are taken out together, once it is known
// that all bytes belonged to somebody: with a reply too many it is not known which one that was.
Result<void> Combiner::hand_out(std::string_view bytes, Completions& completions) {
  Waiter* end = nullptr;           // The first one that is not done.
  const Waiter* unsent = nullptr;  // The first one that can have no reply yet.
  culprit_ = nullptr;
  {
    const std::lock_guard lock(mutex_);
    note_word();
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
  take_done(end, completions);
  retiring_ = retiring_ || session_->retiring();
  return {};
}

void Combiner::take_done(const Waiter* end, Completions& completions) noexcept {
  while (expecting_.front() != end) {
    Waiter& waiter = expecting_.pop_front();
    take_out(waiter);
    completions.add(waiter);
  }
}

void Combiner::note_word() noexcept {
  ++words_;
  last_word_at_ = Clock::now();
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

void Combiner::fail_all(Completions& completions) noexcept {
  const std::scoped_lock lock(delivery_, mutex_);
  while (!expecting_.empty()) settle_lost(expecting_.pop_front(), true, completions);
  while (!written_.empty()) {
    Waiter& waiter = written_.pop_front();
    // A batch of which a part did not go: the kernel has nothing of the requests in that part.
    const bool went = waiter.batch_ != counts_.batches || waiter.begin_ < unsent_from_;
    settle_lost(waiter, went, completions);
  }
  while (!queued_.empty()) settle_lost(queued_.pop_front(), false, completions);
  culprit_ = nullptr;
}

// The one whose reply broke the connection is told how; for its neighbours the connection is gone.
void Combiner::settle_lost(Waiter& waiter, bool sent, Completions& completions) noexcept {
  take_out(waiter);
  const bool idempotent = waiter.request_->idempotent();
  const bool ended = cause_.code == Errc::cancelled;  // By this side.
  const bool its_own = &waiter == culprit_;
  const bool at_fault = its_own && !waiter.request_->wants_again();
  waiter.resendable_ = !ended && !at_fault && (!sent || idempotent);
  const bool of_others = culprit_ != nullptr && !its_own;
  const Errc code = of_others && !ended ? Errc::unavailable : cause_.code;
  waiter.outcome_ = fail(connection_error(code, cause_.message, endpoint_, sent && !idempotent));
  completions.add(waiter);
}

void Combiner::Completions::add(Waiter& waiter) noexcept {
  if (&waiter == own) {
    own_settled = true;
  } else {
    others.push_back(waiter, Waiter::Place::nowhere);
  }
}

// What is to be sent anew has to queue up before the lost connection is let go of, or later
// requests would overtake it on the next one.
void Combiner::settle_if_lost(Completions& completions) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (state_ != State::breaking) return;
  }
  fail_all(completions);
  wake(completions);
}

void Combiner::give_up_lead(Completions& completions) noexcept {
  BlockingWaiter* successor = nullptr;
  Wakeups wakeups(lot_);
  bool leaderless = false;
  for (bool over = false; !over;) {
    settle_if_lost(completions);  // Somebody else may have been in doubt meanwhile.
    const std::lock_guard lock(mutex_);
    if (state_ == State::breaking && in_flight() > 0) continue;
    over = true;
    leaderless = leave_leaderless();
    if (leaderless) continue;
    successor = newest_candidate();
    if (successor == nullptr) {
      leading_ = false;
      close_if_unused();
      if (retiring_) unused_.notify_all();  // Somebody may wait for what is under way.
    } else {
      promote(*successor, wakeups);
    }
  }
  wakeups.wake();
  if (!leaderless && successor == nullptr && on_leaderless_ && busy()) on_leaderless_();
  wake(completions);
}

// False, and nothing has changed, when nobody yields who would take the place, or see that
// another one does.
bool Combiner::leave_leaderless() noexcept {
  if (!accepting()) return false;
  leaderless_ = true;
  if (yielding_ == 0) {
    leaderless_ = false;
    return false;
  }
  leading_ = false;
  return true;
}

void Combiner::promote(BlockingWaiter& blocking, Wakeups& wakeups) noexcept {
  blocking.may_lead_ = false;
  blocking.tell(BlockingWaiter::Signal::lead, wakeups);
}

// There may be thousands of requests that nobody waits for.
BlockingWaiter* Combiner::newest_candidate() const noexcept {
  if (callers_.load(std::memory_order_relaxed) == 0) return nullptr;
  const auto may_lead = [](const Waiter& waiter) { return waiter.may_lead_; };
  Waiter* found = queued_.newest(may_lead);
  if (found == nullptr) found = written_.newest(may_lead);
  if (found == nullptr) found = expecting_.newest(may_lead);
  return static_cast<BlockingWaiter*>(found);  // Nothing else may lead.
}

void Combiner::wake(Completions& completions) noexcept {
  if (completions.others.empty()) return;
  Wakeups wakeups(lot_);
  while (!completions.others.empty()) completions.others.take_front().released(wakeups);
}

void Combiner::release(Waiter& waiter) noexcept {
  Wakeups wakeups(lot_);
  waiter.released(wakeups);
}

}  // namespace cachekit::net
