// How asynchronous requests find a connection, and what becomes of those that have none. What the
// thread does is in io_thread_loop.cpp.
//
// Program order. A request gets a turn when it is started. The line of those that wait for a
// connection is sorted by turns, so one that a connection had and that has to be sent anew comes
// before those that were started after it. Requests leave the line for one connection only, which
// they name by its number: when that breaks half-way, the rest stays in the line. A newcomer takes
// the number first and looks at the line then; if a connection breaks in between, it is refused by
// the next one. Requests that failed stand in the line before the broken connection is closed,
// and so before there can be another one.

#include "net/mux/io_thread.hpp"

#include "core/fork.hpp"
#include "core/out_of_memory.hpp"
#include "net/failure.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace cachekit::net {
namespace {

// While an attempt to connect is under way, of which the end is told.
constexpr auto look_again = std::chrono::milliseconds(50);

}  // namespace

void AsyncRequest::wait() noexcept {
  if (settled()) return;
  if (!inherited()) return static_cast<void>(wait(Deadline::after(forever)));
  outcome() = fail(core::inherited_request());
  ParkingLot empty;  // The threads that waited are the parent's.
  Wakeups nobody(empty);
  finish(nobody);
}

// One that has no connection when its time is over is settled by the I/O thread, or here: that may
// be away, in a callback for which there was no other thread, or be the one that waits.
bool AsyncRequest::wait(Deadline until) noexcept {
  IoThread& io_thread = this->io_thread();
  for (auto over = deadline().at();; over = Deadline::clock::now()) {
    const Deadline a_little_later = Deadline::after(until_settled, over);
    if (io_thread.around_.combiner.wait(*this, earlier(until, a_little_later))) return true;
    if (deadline().expired()) io_thread.expire(*this);
    if (settled() || until.expired()) return settled();
  }
}

// Together with `IoThread::start`: either that sees that it is unwanted, or this sees the
// I/O thread.
bool AsyncRequest::cancel() noexcept {
  unwanted_ = true;
  IoThread* const io_thread = io_thread_;
  if (io_thread == nullptr || settled() || inherited()) return true;
  if (hook_ && hook_->cancel()) return true;
  return io_thread->cancel(*this);
}

void AsyncRequest::read_on_its_own(bool wanted) noexcept {
  if (wanted)
    static_cast<void>(io_thread().ensure_thread());  // Else it is read when its turn comes.
  io_thread().count_background(wanted ? 1 : -1);
}

bool AsyncRequest::inherited() const noexcept { return generation_ != core::fork_generation(); }

void AsyncRequest::released(Wakeups& wakeups) noexcept {
  const bool again = !outcome() && resendable() && resends_.allow(request(), true);
  if (again) return io_thread().queue(*this);
  finish(wakeups);
}

// Where it goes on elsewhere, it may be gone by then.
void AsyncRequest::finish(Wakeups& wakeups) noexcept {
  if (std::exchange(adopted_, false) && !inherited()) io_thread().count_background(-1);
  if (hook_ && !inherited()) {
    leave_order();
    if (hook_->takes_over()) return;
  }
  close(wakeups);
}

void AsyncRequest::settle_taken_over(Result<void>&& outcome) noexcept {
  this->outcome() = std::move(outcome);
  Wakeups wakeups(io_thread().around_.combiner.parking_lot());
  close(wakeups);
}

void AsyncRequest::close(Wakeups& wakeups) noexcept {
  conclude();
  leave_order();
  if (owner_ == Owner::caller)
    return BlockingWaiter::released(wakeups);  // Which may be the end of it.
  BlockingWaiter::released(wakeups);
  announce();
  release_self();
}

void IoThread::start(AsyncRequest& request, OrderTicket ticket, Caller caller) noexcept {
  request.generation_ = core::fork_generation();
  request.hold();
  request.io_thread_ = this;
  request.ticket_ = std::move(ticket);
  backlog_.take_turn(request);
  if (request.unwanted_) return settle(request, caller_withdrew(endpoint()));
  if (request.deadline().expired()) return settle(request, too_late_to_begin(endpoint()));
  if (caller == Caller::waits) return enter(request, Combiner::Sending::now);
  if (!ensure_thread()) return settle(request, no_thread(endpoint()));
  const Clock::time_point due = request.deadline().at();
  enter(request, Combiner::Sending::soon);
  due_.note(due);
  doorbell_.note_start(mutex_);
}

void IoThread::refuse(AsyncRequest& request, Error error) noexcept {
  request.generation_ = core::fork_generation();
  request.hold();
  request.io_thread_ = this;
  settle(request, std::move(error));
}

// It may be settled at once.
void IoThread::enter(AsyncRequest& request, Combiner::Sending sending) noexcept {
  request.only_on_ = around_.combiner.connection().number();
  const bool in_line = backlog_.in_use() || request.only_on_ == 0 || request.ticket_.must_wait();
  if (in_line || !submit(request, sending)) queue(request);
}

bool IoThread::submit(AsyncRequest& request, Combiner::Sending sending) noexcept {
  const bool may_be_gone = request.owner_ == AsyncRequest::Owner::caller;
  if (!around_.combiner.submit(request, sending)) return false;
  if (!may_be_gone && request.unwanted_) around_.combiner.cancel(request);
  return true;
}

void IoThread::queue(AsyncRequest& request) noexcept {
  // What it waits for in the other lane may be waited for by nobody else.
  const bool reads_there = around_.shared != nullptr && request.ticket_.must_wait();
  const bool has_thread = ensure_thread() && (!reads_there || around_.shared->ensure_thread());
  bool ending = false;
  bool unwanted = false;
  {
    const core::MutexLock lock(mutex_);
    ending = ending_;
    unwanted = request.unwanted_;
    const bool room = request.resends_.any() || around_.bounds.admits(request.request());
    if (!ending && !unwanted && has_thread && room) {
      // Its caller, if one waits, sleeps by now and need not be the one who leads.
      if (!std::exchange(request.adopted_, true)) ++in_background_;
      backlog_.add(request);
      due_.note(request.deadline().at());
      return doorbell_.ring();
    }
  }
  if (ending) return settle(request, backend_destroyed(endpoint()));
  if (unwanted) return settle(request, caller_withdrew(endpoint()));
  settle(request, has_thread ? around_.bounds.too_much(endpoint()) : no_thread(endpoint()));
}

// One that is neither here nor there just now is cancelled by who brings it there.
bool IoThread::cancel(AsyncRequest& request) noexcept {
  bool waiting = false;
  bool withdrawn = true;
  {
    const core::MutexLock lock(mutex_);
    ++cancelling_;
    waiting = request.in_backlog_;
    if (waiting) backlog_.remove(request);
  }
  if (waiting) {
    settle(request, caller_withdrew(endpoint()));
  } else {
    withdrawn = around_.combiner.cancel(request);
  }
  const core::MutexLock lock(mutex_);
  if (--cancelling_ == 0) cancelled_.notify_all();
  return withdrawn;
}

void IoThread::expire(AsyncRequest& request) noexcept {
  {
    const core::MutexLock lock(mutex_);
    if (!request.in_backlog_) return;
    backlog_.remove(request);
  }
  settle(request, no_turn_in_time(endpoint(), request.ticket_.must_wait()));
}

void IoThread::settle(AsyncRequest& request, Error error) noexcept {
  request.outcome() = fail(std::move(error));
  Wakeups wakeups(around_.combiner.parking_lot());
  request.finish(wakeups);
}

// Connecting goes on elsewhere, and its end is told.
void IoThread::serve_backlog() noexcept {
  retry_at_ = Clock::time_point::max();
  if (!backlog_.any_may_go()) return;
  mutex_.unlock();
  // A connection that broke may be in somebody's hands for a while; that says nothing about the
  // server.
  const bool breaking = around_.combiner.connection().breaking();
  const auto now = Clock::now();
  const Result<bool> connected = around_.connector->try_connect(around_.combiner);
  // What was under way then may have failed by now: its reason is told the next time.
  const bool under_way = connected ? !*connected : around_.connector->under_way();
  const auto next = around_.connector->next_attempt();
  mutex_.lock();
  if (connected && *connected) return hand_over();
  const bool without_means = !connected && connected.error().code == Errc::overloaded;
  if (without_means || (!under_way && next - now > Connector::short_wait)) {
    fail_backlog(connected.error());
  } else if (breaking) {
    retry_at_ = now + std::chrono::milliseconds(1);
  } else {  // An attempt, or the connection that was in its way, may have ended just now.
    retry_at_ = under_way ? now + look_again : next;
  }
}

void IoThread::hand_over() noexcept {
  const std::uint64_t number = around_.combiner.connection().number();
  WaiterList ready = backlog_.begin_hand_over();
  WaiterList unwanted;
  mutex_.unlock();
  for (bool connected = true; connected && !ready.empty();) {
    auto& request = static_cast<AsyncRequest&>(*ready.front());
    if (request.unwanted_) {
      unwanted.push_back(ready.take_front(), Waiter::Place::nowhere);
      continue;
    }
    const bool keeps = request.owner_ == AsyncRequest::Owner::itself;
    if (keeps) request.hold();
    request.only_on_ = number;
    ready.remove(request);
    connected = submit(request, Combiner::Sending::soon);
    if (!connected) ready.insert_behind(nullptr, request);
    if (keeps) request.release_self();
  }
  // The thread looks after the rest.
  static_cast<void>(around_.combiner.connection().flush(due_.get()));
  mutex_.lock();
  if (!ready.empty()) retry_at_ = Clock::now();
  while (!ready.empty()) {
    auto& request = static_cast<AsyncRequest&>(ready.pop_front());
    if (request.unwanted_) {
      unwanted.push_back(request, Waiter::Place::nowhere);
    } else {
      backlog_.add(request);
    }
  }
  backlog_.end_hand_over();
  mutex_.unlock();
  while (!unwanted.empty()) {
    settle(static_cast<AsyncRequest&>(unwanted.pop_front()), caller_withdrew(endpoint()));
  }
  mutex_.lock();
}

void IoThread::fail_backlog(const Error& error) noexcept {
  WaiterList failed = backlog_.take_all();
  mutex_.unlock();
  while (!failed.empty()) {
    auto& request = static_cast<AsyncRequest&>(failed.pop_front());
    try {
      settle(request, Error(error));
    } catch (const std::bad_alloc&) {
      settle(request, out_of_memory(error.code));
    }
  }
  mutex_.lock();
}

}  // namespace cachekit::net
