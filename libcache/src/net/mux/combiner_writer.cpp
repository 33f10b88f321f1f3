// Sending, giving up, and the end of a connection.

#include "core/out_of_memory.hpp"
#include "net/failure.hpp"
#include "net/mux/combiner.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

namespace cachekit::net {
namespace {

constexpr std::size_t spare_capacity = std::size_t{1} << 20U;

// Gives back the memory that only a large batch needed. (An assignment would keep it.)
void trim(std::string& buffer) noexcept {
  if (buffer.empty() && buffer.capacity() > spare_capacity) std::string().swap(buffer);
}

}  // namespace

void Combiner::withdraw(Waiter& waiter, Errc code, std::string_view why) noexcept {
  const bool sent = waiter.place_ != Waiter::Place::queued;
  const bool broken = sent && !waiter.request_->idempotent();
  waiter.outcome_ = fail(connection_error(code, why, endpoint_, broken));
  if (code == Errc::timeout) ++counts_.timeouts;
  if (code == Errc::timeout && silent_too_long(waiter)) {
    mark_broken(Errc::unavailable, "the server said nothing while a deadline passed");
  }
  if (sent) return abandon(waiter);

  queued_.remove(waiter);
  take_out(waiter);
  withdrawn_ += waiter.bytes_;
  if (withdrawn_ * 2 >= out_.size()) close_gaps();
}

// What is withdrawn leaves a gap: requests that go one by one would move all the others each time.
void Combiner::close_gaps() noexcept {
  if (std::exchange(withdrawn_, 0) == 0) return;
  std::size_t end = 0;
  queued_.each([&](Waiter& waiter) {
    std::memmove(out_.data() + end, out_.data() + waiter.begin_, waiter.bytes_);
    waiter.begin_ = end;
    end += waiter.bytes_;
  });
  out_.resize(end);
  trim_queue();
}

// A write that is given up may still be carried out: until its reply has come, what its thread asks
// next has to stay behind it. (A caller that waits gives up on its own thread.)
void Combiner::abandon(Waiter& waiter) noexcept {
  WaiterList& list = waiter.place_ == Waiter::Place::written ? written_ : expecting_;
  try {
    auto abandoned = std::make_unique<AbandonedWaiter>(waiter.request_->abandoned());
    const bool of_caller = !waiter.background_ && !waiter.request_->idempotent();
    if (of_caller) waiter.ticket_ = order_.ticket_in(lane_);
    list.replace(waiter, *abandoned.release());
    ++counts_.tombstones;
  } catch (const std::bad_alloc&) {  // Without it the replies would be out of step.
    mark_broken(Errc::unavailable, no_memory);
    list.remove(waiter);
    take_out(waiter);
  }
}

// A peer that has said nothing since this request was handed in is dead when that has lasted long
// enough for everybody. A shorter silence is none: callers with tight budgets must not tear down
// what is merely slow. The batch of a request that waited for all of `longest_silence` began a
// little later than it.
bool Combiner::silent_too_long(const Waiter& waiter) const noexcept {
  if (waiter.words_ != words_) return false;
  const auto silence = Clock::now() - std::max(last_word_at_, busy_since_);
  return silence >= options_.longest_silence - options_.longest_silence / 100;
}

void Combiner::mark_broken(Errc code, std::string_view why) noexcept {
  if (state_ != State::open) return;
  state_ = State::breaking;
  cause_.code = code;
  try {
    cause_.message = why;
  } catch (const std::bad_alloc&) {
    cause_.message = no_memory;
  }
  ++counts_.losses;
  socket_->shutdown();  // Whoever sleeps in a read wakes up. The descriptor stays taken.
}

void Combiner::close_if_unused() noexcept {
  const bool in_use = leading_ || leaderless_ || (writing_ && !stuck_);
  const bool over = state_ == State::breaking || (state_ == State::open && retiring_);
  if (!over || in_use || in_flight() > 0) return;
  if (state_ == State::open) ++counts_.losses;
  writing_ = stuck_ = more_ = retiring_ = false;
  sending_.clear();
  out_.clear();
  withdrawn_ = 0;
  trim(sending_);
  trim(out_);
  unsent_from_ = all_sent;
  socket_.reset();
  session_.reset();
  state_ = State::closed;
  unused_.notify_all();
}

void Combiner::trim_queue() noexcept { trim(out_); }

Combiner::Unsent Combiner::flush(Clock::time_point now, Deadline until) noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (may_begin_batch()) {
      begin_batch(now);
    } else if (!stuck_ || state_ != State::open || peer_gone_) {
      more_ = writing_;
      return Unsent::nothing;
    } else if (!late_) {
      resumed_at_ = sent_;  // If it takes more now, the peer is alive; a new batch tells nothing.
    }
    stuck_ = false;
    unsent_from_ = all_sent;
  }
  return send_batch(until);
}

// Whoever has no time for all of it may be nobody's leader, or the last one.
bool Combiner::flush_for_others(Clock::time_point now, Deadline until) noexcept {
  const Unsent unsent = flush(now, until);
  if (unsent == Unsent::late && on_unsent_) on_unsent_();
  return unsent != Unsent::nothing;
}

bool Combiner::may_begin_batch() const noexcept {
  return state_ == State::open && !peer_gone_ && !writing_ && !out_.empty();
}

Combiner::Unsent Combiner::send_batch(Deadline until) noexcept {
  while (true) {
    const Result<Socket::Status> status = send_pending(until);
    const std::lock_guard lock(mutex_);
    end_batch(status);
    if (stuck_) return late_ ? Unsent::late : Unsent::refused;
    if (!std::exchange(more_, false) || !may_begin_batch()) return Unsent::nothing;
    if (until.expired()) return Unsent::late;
    begin_batch(Clock::now());
  }
}

void Combiner::begin_batch(Clock::time_point now) noexcept {
  writing_ = true;
  close_gaps();
  std::swap(out_, sending_);
  sent_ = 0;
  unsent_from_ = all_sent;
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

// A batch may be everybody's: it must not take the time of the one who happens to send it.
Result<Socket::Status> Combiner::send_pending(Deadline until) noexcept {
  late_ = false;
  while (sent_ < sending_.size()) {
    auto written = socket_->write(std::string_view(sending_).substr(sent_, longest_write));
    if (!written) return fail(std::move(written).error());
    if (written->status != Socket::Status::done) return written->status;
    sent_ += written->bytes;
    late_ = sent_ < sending_.size() && until.expired();
    if (late_) return Socket::Status::would_block;
  }
  return Socket::Status::done;
}

// After a failure of the kernel, such as no buffer space, nothing says when the rest could go out.
void Combiner::end_batch(const Result<Socket::Status>& status) noexcept {
  // The kernel takes more when the peer has taken some: as good as a word of it.
  if (sent_ > std::exchange(resumed_at_, all_sent)) note_word();
  stuck_ = status == Socket::Status::would_block;
  if (stuck_ && !late_) stuck_at_ = Clock::now();
  unsent_from_ = status == Socket::Status::done ? all_sent : sent_;
  if (status == Socket::Status::closed) peer_gone_ = true;
  if (!status) mark_broken(status.error().code, status.error().message);
  if (!stuck_) {
    writing_ = false;
    sending_.clear();
    trim(sending_);
  }
  close_if_unused();
}

}  // namespace cachekit::net
