#include "net/mux/multiplexer.hpp"

#include "core/out_of_memory.hpp"
#include "net/failure.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace cachekit::net {

void Completions::wake(ParkingLot& lot) noexcept {
  if (others.empty()) return;
  Wakeups wakeups(lot);
  while (!others.empty()) others.take_front().released(wakeups);
}

void wake(Waiter& waiter, ParkingLot& lot) noexcept {
  Wakeups wakeups(lot);
  waiter.released(wakeups);
}

Multiplexer::Multiplexer(std::string endpoint, const Surroundings& around,
                         std::chrono::milliseconds longest_silence)
    : endpoint_(std::move(endpoint)), around_(around), silence_(longest_silence) {}

void Multiplexer::open(std::unique_ptr<Session> session, TimePoint now) noexcept {
  replies_.open(std::move(session));
  silence_.begin(now);
  retiring_ = false;
  state_ = State::open;
}

void Multiplexer::mark_broken(Errc code, std::string_view why) noexcept {
  if (state_ != State::open) return;
  state_ = State::breaking;
  cause_.code = code;
  try {
    cause_.message = why;
  } catch (const std::bad_alloc&) {
    cause_.message = no_memory;
  }
  ++counts_.losses;
}

void Multiplexer::close() noexcept {
  if (state_ == State::open) ++counts_.losses;
  retiring_ = false;
  outbox_.clear();
  replies_.close();
  state_ = State::closed;
}

Multiplexer::Entry Multiplexer::enqueue(Waiter& waiter) noexcept {
  if (!waiter.outcome_) waiter.outcome_ = Result<void>();  // Of an earlier attempt.
  waiter.resendable_ = false;
  if (!around_.bounds.admits(*waiter.request_)) {
    waiter.outcome_ = fail(around_.bounds.too_much(endpoint_));
    return Entry::full;
  }
  if (Result<void> added = outbox_.add(waiter, replies_.session()); !added) {
    waiter.outcome_ = std::move(added);
    return Entry::refused;
  }
  waiter.words_ = silence_.words();
  if (load_.count() == 0) silence_.expect_nothing();
  load_.add(waiter.bytes_.size);
  return Entry::queued;
}

void Multiplexer::withdraw(Waiter& waiter, Errc code, std::string_view why,
                           TimePoint now) noexcept {
  const bool sent = waiter.place_ != Waiter::Place::queued;
  const bool unknown = sent && !waiter.request_->idempotent();
  waiter.outcome_ = fail(connection_error(code, why, endpoint_, unknown));
  if (code == Errc::timeout) ++counts_.timeouts;
  if (code == Errc::timeout && silence_.too_long(waiter.words_, now)) {
    mark_broken(Errc::unavailable, "the server said nothing while a deadline passed");
  }
  if (!sent) {
    outbox_.withdraw(waiter);
    load_.remove(waiter.bytes_.size);
  } else if (replies_.abandon(waiter, around_.order, around_.lane)) {
    ++counts_.abandoned;
  } else {
    mark_broken(Errc::unavailable, no_memory);
    load_.remove(waiter.bytes_.size);
  }
}

Multiplexer::TimePoint Multiplexer::expire(TimePoint now, WaiterList& expired) noexcept {
  auto next = TimePoint::max();
  const auto look_at = [&](WaiterList& list) {
    Waiter* following = nullptr;
    for (Waiter* at = list.front(); at != nullptr; at = following) {
      following = at->next_;
      if (!at->background_) continue;
      if (at->deadline_.at() > now) {
        next = std::min(next, at->deadline_.at());
        continue;
      }
      withdraw(*at, Errc::timeout, "no complete reply in time", now);
      expired.push_back(*at, Waiter::Place::nowhere);
    }
  };
  look_at(outbox_.queued());
  replies_.each_list(look_at);
  return next;
}

void Multiplexer::fail_all(Completions& completions) noexcept {
  const bool ended = cause_.code == Errc::cancelled;  // By this side.
  const Waiter* const culprit = replies_.culprit();
  // The one whose reply broke the connection is told how; for its neighbours the connection is
  // gone.
  const auto lose = [&](Waiter& waiter, bool sent) {
    load_.remove(waiter.bytes_.size);
    const bool idempotent = waiter.request_->idempotent();
    const bool at_fault = &waiter == culprit && !waiter.request_->wants_again();
    waiter.resendable_ = !ended && !at_fault && (!sent || idempotent);
    const bool of_others = culprit != nullptr && &waiter != culprit;
    const Errc code = of_others && !ended ? Errc::unavailable : cause_.code;
    waiter.outcome_ = fail(connection_error(code, cause_.message, endpoint_, sent && !idempotent));
    completions.add(waiter);
  };
  // A batch of which a part did not go: the kernel has nothing of the requests in that part.
  replies_.take_all([&](Waiter& waiter) { lose(waiter, !outbox_.unsent(waiter)); });
  WaiterList& queued = outbox_.queued();
  while (!queued.empty()) lose(queued.pop_front(), false);
  replies_.forget_culprit();
}

bool Multiplexer::begin_write(TimePoint now) noexcept {
  if (may_begin_batch()) {
    if (replies_.empty()) silence_.expect(now);
    counts_.requests += outbox_.begin(replies_.written());
    ++counts_.batches;
  } else if (outbox_.stopped() && state_ == State::open && !outbox_.peer_gone()) {
    outbox_.resume();
  } else {
    outbox_.ask_for_more();
    return false;
  }
  return true;
}

ReplyQueue::Delivery Multiplexer::begin_delivery(TimePoint now) noexcept {
  silence_.note_word(now);
  return replies_.begin(outbox_);
}

void Multiplexer::end_delivery(const ReplyQueue::Delivery& delivery,
                               Completions& completions) noexcept {
  replies_.take_done(delivery, [&](Waiter& waiter) {
    load_.remove(waiter.bytes_.size);
    completions.add(waiter);
  });
  retiring_ = retiring_ || replies_.session().retiring();
}

}  // namespace cachekit::net
