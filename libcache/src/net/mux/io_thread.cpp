// How asynchronous requests find a connection, and what becomes of those that have none. What the
// thread does is in io_thread_loop.cpp.
//
// Program order. A request gets a turn when it is started. The line of those that wait for a
// connection is sorted by turns, so one that a connection had and that has to be sent anew comes
// before those that were started after it. Requests leave the line for one connection only, which
// they name by its number: when that breaks half-way, the rest stays in the line. A newcomer takes
// the number first and looks at the line then; if a connection breaks in between, it is refused by
// the next one. Requests that failed stand in the line before the broken connection is let go of,
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
// How often a caller looks whether the thread is there for its request.
constexpr auto first_look = std::chrono::milliseconds(5);
constexpr auto longest_look = std::chrono::milliseconds(80);

}  // namespace

void AsyncRequest::wait() noexcept {
  if (settled()) return;
  if (!inherited()) {
    if (owner_ == Owner::caller) return static_cast<void>(wait(Deadline::after(forever)));
    return static_cast<void>(io_thread().combiner_.wait(*this, Deadline::after(forever)));
  }
  outcome() = fail(inherited_request());
  ParkingLot empty;  // The threads that waited are the parent's.
  Wakeups nobody(empty);
  finish(nobody);
}

// The I/O thread may be in somebody's callback: what only it would do for this request must not
// wait for that.
bool AsyncRequest::wait(Deadline until) noexcept {
  if (owner_ == Owner::itself) return io_thread().combiner_.wait(*this, until);
  for (auto look = first_look;; look = std::min(look * 2, longest_look)) {
    const Deadline soon = earlier(until, Deadline::after(look));
    if (io_thread().combiner_.wait(*this, soon)) return true;
    io_thread().stand_in();
    if (until.expired()) return settled();
  }
}

// Together with `IoThread::start`: either that sees that it is unwanted, or this sees the
// I/O thread.
void AsyncRequest::cancel() noexcept {
  unwanted_ = true;
  IoThread* const io_thread = io_thread_;
  if (io_thread != nullptr && !settled() && !inherited()) io_thread->cancel(*this);
}

void AsyncRequest::read_on_its_own(bool wanted) noexcept {
  if (wanted)
    static_cast<void>(io_thread().ensure_thread());  // Else it is read when its turn comes.
  io_thread().count_background(wanted ? 1 : -1);
}

bool AsyncRequest::inherited() const noexcept { return generation_ != fork_generation(); }

void AsyncRequest::released(Wakeups& wakeups) noexcept {
  const bool again = !outcome() && resendable() && resends_.allow(request(), true);
  if (again) return io_thread().queue(*this);
  finish(wakeups);
}

void AsyncRequest::finish(Wakeups& wakeups) noexcept {
  if (std::exchange(adopted_, false) && !inherited()) io_thread().count_background(-1);
  conclude();
  leave_order();
  if (owner_ == Owner::caller)
    return BlockingWaiter::released(wakeups);  // Which may be the end of it.
  BlockingWaiter::released(wakeups);
  announce();
  release_self();
}

void IoThread::start(AsyncRequest& request, OrderTicket ticket, Caller caller) noexcept {
  request.generation_ = fork_generation();
  request.hold();
  request.io_thread_ = this;
  request.ticket_ = std::move(ticket);
  request.turn_.number = turns_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (request.unwanted_) return settle(request, withdrawn());
  if (request.deadline().expired())
    return settle(request, too_late_to_begin(combiner_.connection().endpoint()));
  if (caller == Caller::waits) return enter(request, Combiner::Sending::now);
  if (!ensure_thread()) return settle(request, no_thread());
  const Clock::time_point due = request.deadline().at();
  enter(request, Combiner::Sending::soon);
  note_due(due);
  started_.fetch_add(1, std::memory_order_relaxed);
  if (awake_.load(std::memory_order_acquire)) return;
  const std::lock_guard lock(mutex_);
  awake_.store(true, std::memory_order_release);
  poke();
}

void IoThread::refuse(AsyncRequest& request, Error error) noexcept {
  request.generation_ = fork_generation();
  request.hold();
  request.io_thread_ = this;
  settle(request, std::move(error));
}

// It may be settled at once.
void IoThread::enter(AsyncRequest& request, Combiner::Sending sending) noexcept {
  request.only_on_ = combiner_.connection().number();
  const bool in_line = backlogged_ || request.only_on_ == 0 || request.ticket_.must_wait();
  if (in_line || !submit(request, sending)) queue(request);
}

bool IoThread::submit(AsyncRequest& request, Combiner::Sending sending) noexcept {
  const bool may_be_gone = request.owner_ == AsyncRequest::Owner::caller;
  if (!combiner_.submit(request, sending)) return false;
  if (!may_be_gone && request.unwanted_) combiner_.cancel(request);
  return true;
}

void IoThread::queue(AsyncRequest& request) noexcept {
  // What it waits for in the other lane may be waited for by nobody else.
  const bool reads_there = shared_ != nullptr && request.ticket_.must_wait();
  const bool has_thread = ensure_thread() && (!reads_there || shared_->ensure_thread());
  bool ending = false;
  bool unwanted = false;
  {
    const std::lock_guard lock(mutex_);
    ending = ending_;
    unwanted = request.unwanted_;
    const bool room = request.resends_.any() || bounds_.admits(request.request());
    if (!ending && !unwanted && has_thread && room) {
      // Its caller, if one waits, sleeps by now and need not be the one who leads.
      if (!std::exchange(request.adopted_, true)) ++in_background_;
      stand_in_line(request);
      note_due(request.deadline().at());
      return poke();
    }
  }
  if (ending) return settle(request, destroyed());
  if (unwanted) return settle(request, withdrawn());
  settle(request, has_thread ? bounds_.too_much(combiner_.connection().endpoint()) : no_thread());
}

void IoThread::stand_in_line(AsyncRequest& request) noexcept {
  Waiter* before = backlog_.back();
  while (before != nullptr && before->turn_.number > request.turn_.number)
    before = before->previous_;
  backlog_.insert_behind(before, request);
  request.in_backlog_ = true;
  request.turn_.size = request.request().bytes();
  load_.add(request.turn_.size);
  backlogged_ = true;
  // What it waits for may be waited for by nobody.
  if (shared_ != nullptr && request.ticket_.must_wait() &&
      !std::exchange(request.waits_turn_, true)) {
    shared_->count_background(1);
  }
}

void IoThread::step_out(AsyncRequest& request) noexcept {
  backlog_.remove(request);
  request.in_backlog_ = false;
  load_.remove(request.turn_.size);
  if (std::exchange(request.waits_turn_, false)) shared_->count_background(-1);
}

// One that is neither here nor there just now is cancelled by who brings it there.
void IoThread::cancel(AsyncRequest& request) noexcept {
  bool waiting = false;
  {
    const std::lock_guard lock(mutex_);
    ++cancelling_;
    waiting = request.in_backlog_;
    if (waiting) step_out(request);
    refresh_backlogged();
  }
  if (waiting) {
    settle(request, withdrawn());
  } else {
    combiner_.cancel(request);
  }
  const std::lock_guard lock(mutex_);
  if (--cancelling_ == 0) cancelled_.notify_all();
}

void IoThread::settle(AsyncRequest& request, Error error) noexcept {
  request.outcome() = fail(std::move(error));
  Wakeups wakeups(combiner_.parking_lot());
  request.finish(wakeups);
}

Error IoThread::says(Errc code, const char* what, const char* hint) const noexcept {
  try {
    return {code, what, combiner_.connection().endpoint(), hint};
  } catch (const std::bad_alloc&) {
    return out_of_memory(code);
  }
}

Error IoThread::destroyed() const noexcept {
  return says(Errc::cancelled, "the backend was destroyed");
}

Error IoThread::withdrawn() const noexcept {
  return says(Errc::cancelled, "the caller withdrew the request");
}

Error IoThread::no_thread() const noexcept {
  return says(Errc::overloaded, "there is no thread to be had for requests that nobody waits for",
              "raise the limit of threads (ulimit -u, pids of the container)");
}

Error IoThread::too_late(const AsyncRequest& request) const noexcept {
  if (request.ticket_.must_wait()) {
    return says(Errc::timeout, "what its thread asked before was not answered in time",
                "raise the timeout");
  }
  return says(Errc::timeout, "there was no connection in time",
              "raise the timeout, or check that the server is up and reachable");
}

void IoThread::stand_in() noexcept {
  {
    Lock lock(mutex_);
    if (!in_call_) return;
    serve_backlog(lock);
  }
  expire_due();
}

void IoThread::serve_backlog(Lock& lock) noexcept {
  if (std::exchange(serving_, true)) {  // By a caller, which has looked a moment ago.
    retry_at_ = Clock::now() + std::chrono::milliseconds(1);
    return;
  }
  serve_line(lock);
  serving_ = false;
}

// Connecting goes on elsewhere, and its end is told.
void IoThread::serve_line(Lock& lock) noexcept {
  retry_at_ = Clock::time_point::max();
  refresh_backlogged();
  const auto may_go = [](const Waiter& waiter) { return !waiter.ticket_.must_wait(); };
  if (backlog_.newest(may_go) == nullptr) return;
  lock.unlock();
  // A connection that broke may be in somebody's hands for a while; that says nothing about the
  // server.
  const bool breaking = combiner_.connection().breaking();
  const auto now = Clock::now();
  const Result<bool> connected = connector_->try_connect(combiner_);
  // What was under way then may have failed by now: its reason is told the next time.
  const bool under_way = connected ? !*connected : connector_->under_way();
  const auto next = connector_->next_attempt();
  lock.lock();
  if (connected && *connected) return hand_over(lock);
  const bool without_means = !connected && connected.error().code == Errc::overloaded;
  if (without_means || (!under_way && next - now > Connector::short_wait)) {
    fail_backlog(lock, connected.error());
  } else if (breaking) {
    retry_at_ = now + std::chrono::milliseconds(1);
  } else {  // An attempt, or the connection that was in its way, may have ended just now.
    retry_at_ = under_way ? now + look_again : next;
  }
}

// From the newest to the oldest: what a thread waits for may end meanwhile, and then the older ones
// of its requests are to go, not the newer ones.
WaiterList IoThread::take_those_whose_turn_it_is() noexcept {
  WaiterList ready;
  Waiter* preceding = nullptr;
  for (Waiter* at = backlog_.back(); at != nullptr; at = preceding) {
    preceding = at->previous_;
    if (at->ticket_.must_wait()) continue;
    step_out(static_cast<AsyncRequest&>(*at));
    ready.insert_behind(nullptr, *at);
  }
  return ready;
}

void IoThread::hand_over(Lock& lock) noexcept {
  const std::uint64_t number = combiner_.connection().number();
  WaiterList ready = take_those_whose_turn_it_is();
  WaiterList unwanted;
  handing_over_ = true;
  lock.unlock();
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
  static_cast<void>(combiner_.connection().flush(due()));  // The thread looks after the rest.
  lock.lock();
  if (!ready.empty()) retry_at_ = Clock::now();
  while (!ready.empty()) {
    auto& request = static_cast<AsyncRequest&>(ready.pop_front());
    if (request.unwanted_) {
      unwanted.push_back(request, Waiter::Place::nowhere);
    } else {
      stand_in_line(request);
    }
  }
  handing_over_ = false;
  refresh_backlogged();
  lock.unlock();
  while (!unwanted.empty()) {
    settle(static_cast<AsyncRequest&>(unwanted.pop_front()), withdrawn());
  }
  lock.lock();
}

void IoThread::fail_backlog(Lock& lock, const Error& error) noexcept {
  WaiterList failed;
  while (!backlog_.empty()) {
    Waiter& waiter = *backlog_.front();
    step_out(static_cast<AsyncRequest&>(waiter));
    failed.push_back(waiter, Waiter::Place::nowhere);
  }
  refresh_backlogged();
  lock.unlock();
  while (!failed.empty()) {
    auto& request = static_cast<AsyncRequest&>(failed.pop_front());
    try {
      settle(request, Error(error));
    } catch (const std::bad_alloc&) {
      settle(request, out_of_memory(error.code));
    }
  }
  lock.lock();
}

void IoThread::refresh_backlogged() noexcept { backlogged_ = handing_over_ || !backlog_.empty(); }

}  // namespace cachekit::net
