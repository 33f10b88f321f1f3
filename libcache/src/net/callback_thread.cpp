#include "net/callback_thread.hpp"

#include <exception>
#include <utility>

namespace cachekit::net {

// Tells under the lock: the callback may destroy this as soon as that is free.
bool CallbackThread::post(std::unique_ptr<detail::Continuation>& callback) noexcept {
  const std::lock_guard lock(mutex_);
  if (ending_ || !ensure_thread()) return false;
  callbacks_.push(std::move(callback));
  woken_.notify_one();
  return true;
}

bool CallbackThread::ensure_thread() noexcept {
  if (thread_.joinable()) return true;
  try {
    thread_ = std::thread([this, gone = gone_] { run(*gone); });
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
  if (thread_.get_id() == std::this_thread::get_id()) {  // A callback destroys its backend.
    *gone_ = true;
    thread_.detach();
  }
  if (thread_.joinable()) thread_.join();
  std::unique_lock lock(mutex_);
  static_cast<void>(callbacks_.run_all(lock, false));
}

// A callback may end this object, and then nothing of it is left to be touched.
void CallbackThread::run(const bool& gone) noexcept {
  std::unique_lock lock(mutex_);
  while (true) {
    if (!callbacks_.run_all(lock, gone) || ending_) return;
    lock.unlock();
    on_pause_();
    lock.lock();
    woken_.wait(lock, [&] { return ending_ || !callbacks_.empty(); });
  }
}

}  // namespace cachekit::net
