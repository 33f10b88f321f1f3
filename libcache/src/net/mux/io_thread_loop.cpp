// What the thread of an I/O thread does: it connects for those that wait for it, reads where nobody
// else does, minds deadlines and goes on with calls that take several requests. No code of users
// runs on it, so it is never away for long. Callers who wait lead by themselves, so nothing is
// urgent here but what they leave lying about. For a moment after each request it looks around
// again and again, so that those who start requests need not wake it; then it sleeps until it is
// told something, or the next deadline.

#include "net/failure.hpp"
#include "net/mux/io_thread.hpp"

#include <cachekit/runtime.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

namespace cachekit::net {
namespace {

using namespace std::chrono_literals;

// How long the thread looks away while it is awake, and how many times it finds nothing new before
// it sleeps.
constexpr auto short_rest = 1ms;
// The same where it sleeps, and requests are under way.
constexpr auto long_rest = 50ms;
constexpr int patient_rests = 20;

}  // namespace

IoThread::IoThread(Surroundings around) : around_(std::move(around)), backlog_(around_.shared) {
  const auto tell = [this] {
    const std::lock_guard lock(mutex_);
    doorbell_.ring();
  };
  around_.combiner.on_leaderless([this] {
    const std::lock_guard lock(mutex_);
    if (in_background_ > 0) doorbell_.ring();
  });
  around_.combiner.on_unsent([this, tell] {
    if (ensure_thread()) tell();
  });
  around_.connector->on_ended(this, tell);
  if (around_.shared != nullptr) around_.order.on_turn(tell);
}

IoThread::~IoThread() { end(); }

void IoThread::end() noexcept {
  if (around_.shared != nullptr) around_.order.on_turn({});
  around_.connector->on_ended(this, {});
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    doorbell_.ring();
  }
  if (thread_ && thread_->is_current()) *gone_ = true;  // A call on it destroys its backend.
  thread_.reset();
  around_.combiner.end("the backend was destroyed");
  Lock lock(mutex_);
  fail_backlog(lock, backend_destroyed(endpoint()));
  cancelled_.wait(lock, [&] { return cancelling_ == 0; });
  static_cast<void>(run_calls(lock, false));
}

void IoThread::close_after_fork() noexcept { doorbell_.close(); }

void IoThread::count_background(int count) noexcept {
  const std::lock_guard lock(mutex_);
  in_background_ += count;
  if (count > 0) doorbell_.ring();
}

// Tells under the lock: the call may destroy the I/O thread as soon as that is free.
void IoThread::post(std::unique_ptr<detail::Continuation> call) noexcept {
  if (!call->is_step() && around_.callbacks.post(call)) return;
  const std::lock_guard lock(mutex_);
  calls_.push(std::move(call));
  doorbell_.ring();
}

void IoThread::send() noexcept {
  SharedConnection& connection = around_.combiner.connection();
  if (!connection.busy() || connection.flush(due_.get()) != SharedConnection::Unsent::late) return;
  const std::lock_guard lock(mutex_);
  doorbell_.ring();
}

bool IoThread::ensure_thread() noexcept {
  if (has_thread_.load(std::memory_order_acquire)) return true;
  const std::lock_guard lock(mutex_);
  if (thread_ || ending_) return true;
  if (!doorbell_.open()) return false;
  try {
    thread_ = Runtime::system().start([this, gone = gone_] { run(*gone); });
  } catch (const std::exception&) {  // No thread, or no memory for one.
    return false;
  }
  has_thread_.store(true, std::memory_order_release);
  return true;
}

// A callback may end the I/O thread, and then nothing of it is left to be touched.
void IoThread::run(const bool& gone) noexcept {
  Lock lock(mutex_);
  int quiet = 0;
  while (!ending_) {
    doorbell_.hear();
    if (!run_calls(lock, gone)) return;
    serve_backlog(lock);
    if (!ending_ && calls_.empty() && !doorbell_.rung()) quiet = take_turn(lock, quiet);
  }
}

bool IoThread::run_calls(Lock& lock, const bool& gone) noexcept {
  const core::ContinuationsTo redirected(*this);
  return calls_.run_all(lock, gone);
}

int IoThread::take_turn(Lock& lock, int quiet) noexcept {
  const bool awake = quiet < patient_rests;
  doorbell_.stay_awake(awake);
  const std::uint64_t seen = doorbell_.started();
  // What somebody holds and does not wait for yet may be read before it is late.
  const bool busy = around_.combiner.connection().busy();
  const bool reads = busy && (in_background_ > 0 || !awake);
  if (reads) doorbell_.begin_poll();
  lock.unlock();
  // Who has just started a request may have seen the thread awake.
  const bool goes_on =
      around_.combiner.connection().flush(due_.get()) == SharedConnection::Unsent::late;
  const Interrupt interrupt{doorbell_.rung(), doorbell_.descriptor()};
  const auto rest = awake || goes_on ? Clock::now() + short_rest
                    : busy           ? Clock::now() + long_rest
                                     : Clock::time_point::max();
  const auto until = std::min({due_.get().at(), retry_at_.load(), rest});
  const bool read = reads && around_.combiner.run_until(Deadline::after(0ms, until), &interrupt);
  lock.lock();
  doorbell_.end_poll();
  if (!read) doorbell_.sleep(lock, until);
  doorbell_.stay_awake(true);
  lock.unlock();
  expire_due();
  lock.lock();
  return doorbell_.started() != seen ? 0 : std::min(quiet + 1, patient_rests);
}

void IoThread::expire_due() noexcept {
  const auto now = Clock::now();
  if (now < due_.get().at()) return;
  due_.forget();
  around_.combiner.drain_abandoned(Deadline::after(1ms, now));  // What has come in time counts.
  auto next = around_.combiner.expire();
  WaiterList late;
  {
    const std::lock_guard lock(mutex_);
    late = backlog_.take_late(now, next);
  }
  while (!late.empty()) {
    auto& request = static_cast<AsyncRequest&>(late.pop_front());
    settle(request, no_turn_in_time(endpoint(), request.ticket_.must_wait()));
  }
  due_.note(next);
}

}  // namespace cachekit::net
