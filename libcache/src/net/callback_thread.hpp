#pragma once

#include "core/continuations.hpp"

#include <cachekit/pending.hpp>
#include <cachekit/runtime.hpp>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

namespace cachekit::net {

/// Runs the callbacks and coroutines that wait for requests of a node, one after the other, on a
/// thread of its own: they may take long, or wait for other requests, and no request waits for
/// them. The thread exists from the first callback on.
///
/// Threads: all members may be called from any thread at once. `end` and the destructor may run in
/// a callback on the thread itself, which then ends with that callback.
class CallbackThread {
 public:
  CallbackThread() = default;
  ~CallbackThread() { end(); }
  CallbackThread(const CallbackThread&) = delete;
  CallbackThread& operator=(const CallbackThread&) = delete;

  /// Takes a callback over. False, and it is as it was, where there is no thread to be had, or no
  /// longer one.
  [[nodiscard]] bool post(std::unique_ptr<detail::Continuation>& callback) noexcept;
  /// Is called on the thread when it has run all there was: what the callbacks have begun can go
  /// out together. Requires: set before the first callback.
  void on_pause(std::function<void()> call) { on_pause_ = std::move(call); }
  /// Returns when all that was taken over has run. Threads: the one that destroys it.
  void end() noexcept;

 private:
  void run(const bool& gone) noexcept;
  [[nodiscard]] bool ensure_thread() noexcept;
  /// Runs what is in `running_`. False as of `Continuations::run_one`.
  [[nodiscard]] bool run_taken(const bool& gone) noexcept;
  /// Waits for a moment without sleeping; whether there is something to run then. Callbacks come in
  /// crowds, and each that finds the thread asleep has to wake it.
  [[nodiscard]] bool yields_for_more() const noexcept;

  std::function<void()> on_pause_;
  core::Continuations running_;  // Of the thread, and of who has joined it.
  std::unique_ptr<Runtime::Thread>
      thread_;  // From the first callback on; then only `end` touches it.
  // Whether a callback on the thread has ended this object; the thread has it even then.
  const std::shared_ptr<bool> gone_ = std::make_shared<bool>(false);

  std::mutex mutex_;  // guards the members below
  std::condition_variable woken_;
  core::Continuations callbacks_;
  std::atomic<bool> any_{false};  // Whether there are callbacks. Written under the lock.
  bool ending_ = false;
};

}  // namespace cachekit::net
