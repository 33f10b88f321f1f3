// What the thread of an I/O thread does: it connects for those that wait for it, reads where nobody
// else does, minds deadlines and runs callbacks. Callers who wait lead by themselves, so nothing is
// urgent here but what they leave lying about. For a moment after each request it looks around
// again and again, so that those who start requests need not wake it; then it sleeps until it is
// told something, or the next deadline.

#include "core/descriptor.hpp"
#include "net/mux/io_thread.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

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

IoThread::IoThread(Surroundings around)
    : combiner_(around.combiner),
      connector_(std::move(around.connector)),
      bounds_(around.bounds),
      order_(around.order),
      shared_(around.shared) {
  const auto tell = [this] {
    const std::lock_guard lock(mutex_);
    poke();
  };
  combiner_.on_leaderless([this] {
    const std::lock_guard lock(mutex_);
    if (in_background_ > 0) poke();
  });
  combiner_.on_unsent([this, tell] {
    if (ensure_thread()) tell();
  });
  connector_->on_ended(this, tell);
  if (shared_ != nullptr) order_.on_turn(tell);
}

IoThread::~IoThread() {
  end();
  if (wake_ >= 0) ::close(wake_);
}

void IoThread::end() noexcept {
  if (shared_ != nullptr) order_.on_turn({});
  connector_->on_ended(this, {});
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    poke();
  }
  if (thread_.get_id() == std::this_thread::get_id()) {  // A call on it destroys its backend.
    *gone_ = true;
    thread_.detach();
  }
  if (thread_.joinable()) thread_.join();
  combiner_.end("the backend was destroyed");
  Lock lock(mutex_);
  fail_backlog(lock, destroyed());
  cancelled_.wait(lock, [&] { return cancelling_ == 0; });
  run_calls(lock, false);
}

void IoThread::close_after_fork() noexcept {
  if (wake_ >= 0) ::close(std::exchange(wake_, -1));
}

void IoThread::Calls::push(std::unique_ptr<detail::Continuation> call) noexcept {
  detail::Continuation* const added = call.get();
  (last_ != nullptr ? last_->next : first_) = std::move(call);
  last_ = added;
}

std::unique_ptr<detail::Continuation> IoThread::Calls::pop() noexcept {
  std::unique_ptr<detail::Continuation> call = std::move(first_);
  first_ = std::move(call->next);
  if (first_ == nullptr) last_ = nullptr;
  return call;
}

void IoThread::count_background(int count) noexcept {
  const std::lock_guard lock(mutex_);
  in_background_ += count;
  if (count > 0) poke();
}

// Tells under the lock: the call may destroy the I/O thread as soon as that is free.
void IoThread::post(std::unique_ptr<detail::Continuation> call) noexcept {
  const std::lock_guard lock(mutex_);
  calls_.push(std::move(call));
  poke();
}

// Wants the lock to be held.
void IoThread::poke() noexcept {
  if (poked_.exchange(true)) return;
  if (in_poll_ && thread_.get_id() != std::this_thread::get_id()) {
    static_cast<void>(eventfd_write(wake_, 1));
  }
  woken_.notify_one();
}

bool IoThread::ensure_thread() noexcept {
  if (has_thread_.load(std::memory_order_acquire)) return true;
  const std::lock_guard lock(mutex_);
  if (thread_.joinable() || ending_) return true;
  if (wake_ < 0) wake_ = core::above_standard(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (wake_ < 0) return false;
  try {
    thread_ = std::thread([this, gone = gone_] { run(*gone); });
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
    poked_ = false;
    run_calls(lock, gone);
    if (gone) return;
    serve_backlog(lock);
    if (!ending_ && calls_.empty() && !poked_) quiet = take_turn(lock, quiet);
  }
}

void IoThread::run_calls(Lock& lock, const bool& gone) noexcept {
  while (!calls_.empty()) {
    std::unique_ptr<detail::Continuation> call = calls_.pop();
    in_call_ = true;
    lock.unlock();
    call->run();
    call.reset();
    if (gone) return;
    lock.lock();
    in_call_ = false;
  }
}

int IoThread::take_turn(Lock& lock, int quiet) noexcept {
  const bool awake = quiet < patient_rests;
  awake_.store(awake, std::memory_order_release);
  const std::uint64_t seen = started_.load(std::memory_order_relaxed);
  // What somebody holds and does not wait for yet may be read before it is late.
  const bool busy = combiner_.connection().busy();
  const bool reads = busy && (in_background_ > 0 || !awake);
  in_poll_ = reads;
  lock.unlock();
  // Who has just started a request may have seen the thread awake.
  const bool goes_on = combiner_.connection().flush(due()) == SharedConnection::Unsent::late;
  const Interrupt interrupt{poked_, wake_};
  const auto rest = awake || goes_on ? Clock::now() + short_rest
                    : busy           ? Clock::now() + long_rest
                                     : Clock::time_point::max();
  const auto until = std::min({due().at(), retry_at_.load(), rest});
  const bool read = reads && combiner_.run_until(Deadline::after(0ms, until), &interrupt);
  lock.lock();
  if (std::exchange(in_poll_, false)) {
    eventfd_t count = 0;
    static_cast<void>(eventfd_read(wake_, &count));
  }
  const auto signal = [&] { return poked_.load(); };
  if (!read && until == Clock::time_point::max()) woken_.wait(lock, signal);
  if (!read && until != Clock::time_point::max()) woken_.wait_until(lock, until, signal);
  awake_.store(true, std::memory_order_release);
  lock.unlock();
  expire_due();
  lock.lock();
  return started_.load(std::memory_order_relaxed) != seen ? 0 : std::min(quiet + 1, patient_rests);
}

Deadline IoThread::due() const noexcept {
  return Deadline::after(0ms, Clock::time_point(Clock::duration(due_.load())));
}

void IoThread::note_due(Clock::time_point at) noexcept {
  const Clock::rep mine = at.time_since_epoch().count();
  Clock::rep due = due_.load();
  while (mine < due && !due_.compare_exchange_weak(due, mine)) {
  }
}

void IoThread::expire_due() noexcept {
  const auto now = Clock::now();
  if (now < due().at()) return;
  due_ = Clock::time_point::max().time_since_epoch().count();
  combiner_.drain_abandoned(Deadline::after(1ms, now));  // What has come in time counts.
  auto next = combiner_.expire();
  WaiterList late;
  {
    const std::lock_guard lock(mutex_);
    Waiter* following = nullptr;
    for (Waiter* at = backlog_.front(); at != nullptr; at = following) {
      following = at->next_;
      next = at->deadline_.at() > now ? std::min(next, at->deadline_.at()) : next;
      if (at->deadline_.at() > now) continue;
      step_out(static_cast<AsyncRequest&>(*at));
      late.push_back(*at, Waiter::Place::nowhere);
    }
    refresh_backlogged();
  }
  while (!late.empty()) {
    auto& request = static_cast<AsyncRequest&>(late.pop_front());
    settle(request, too_late(request));
  }
  note_due(next);
}

}  // namespace cachekit::net
