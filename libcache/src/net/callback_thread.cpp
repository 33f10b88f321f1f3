#include "net/callback_thread.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/runtime.hpp>

#include <chrono>
#include <exception>
#include <thread>
#include <utility>

namespace cachekit::net {
namespace {

using Clock = Deadline::clock;

// A thread that is woken again after so short a sleep had better stay awake for as long.
constexpr auto short_sleep = std::chrono::microseconds(50);

}  // namespace

// Tells under the lock: the callback may destroy this as soon as that is free.
bool CallbackThread::post(std::unique_ptr<detail::Continuation>& callback) noexcept {
  const std::lock_guard lock(mutex_);
  if (ending_ || !ensure_thread()) return false;
  callbacks_.push(std::move(callback));
  any_ = true;
  woken_.notify_one();
  return true;
}

bool CallbackThread::ensure_thread() noexcept {
  if (thread_) return true;
  try {
    thread_ = Runtime::system().start([this, gone = gone_] { run(*gone); });
  } catch (const std::exception&) {  // No thread, or no memory for one.
    return false;
  }
  return true;
}

void CallbackThread::end() noexcept {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    woken_.notify_one();
  }
  if (thread_ && thread_->is_current()) *gone_ = true;  // A callback destroys its backend.
  thread_.reset();
  static_cast<void>(run_taken(false));
  std::unique_lock lock(mutex_);
  static_cast<void>(callbacks_.run_all(lock, false));
}

// A callback may end this object, and then nothing of it is left to be touched.
void CallbackThread::run(const bool& gone) noexcept {
  bool stays_awake = false;
  std::unique_lock lock(mutex_);
  while (true) {
    running_ = std::exchange(callbacks_, {});
    any_ = false;
    lock.unlock();
    if (!run_taken(gone)) return;
    if (!any_) on_pause_();
    if (stays_awake) stays_awake = yields_for_more();
    lock.lock();
    if (ending_ && callbacks_.empty()) return;
    if (!callbacks_.empty()) continue;
    const auto begun = Clock::now();
    woken_.wait(lock, [&] { return ending_ || !callbacks_.empty(); });
    stays_awake = Clock::now() - begun < short_sleep;
  }
}

bool CallbackThread::run_taken(const bool& gone) noexcept {
  while (!running_.empty()) {
    if (!core::Continuations::run_one(running_.pop(), gone)) return false;
  }
  return true;
}

bool CallbackThread::yields_for_more() const noexcept {
  const auto enough = Clock::now() + short_sleep;
  while (!any_ && Clock::now() < enough) std::this_thread::yield();
  return any_;
}

}  // namespace cachekit::net
