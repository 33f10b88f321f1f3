#pragma once

#include "net/async_request.hpp"
#include "net/combiner.hpp"
#include "net/connector.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>
#include <cachekit/pending.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

namespace cachekit::net {

/// Looks after a node's asynchronous requests on a thread of its own: connects for them, sends what
/// would lie about, reads while nobody else does, minds their deadlines, runs their callbacks.
///
/// The thread exists from the first asynchronous request on. Callers who wait for a request drive
/// it themselves; what nobody waits for is announced by `attend` and driven here.
///
/// Threads: all members may be called from any thread at once. The destructor may run in a call on
/// the thread itself, which then ends with that call.
class Driver {
 public:
  Driver(Combiner& combiner, std::shared_ptr<Connector> connector, std::size_t max_waiting);
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  /// Requires: the caller keeps it alive until this returns.
  void start(AsyncRequest& request);
  /// How many requests wait for a connection.
  [[nodiscard]] std::size_t waiting() const;
  /// `count` more (or fewer) requests are under way for which no caller will wait.
  void attend(int count);
  /// Runs a call on the thread.
  void post(std::unique_ptr<detail::Continuation> call);

 private:
  friend class AsyncRequest;

  void submit(AsyncRequest& request);
  void queue(AsyncRequest& request);
  void cancel(AsyncRequest& request);
  /// False when the system gives no thread.
  [[nodiscard]] bool ensure_thread();
  void run(const bool& gone);
  /// Returns at once, without the lock, when one of the calls made `gone` true.
  void run_calls(std::unique_lock<std::mutex>& lock, const bool& gone);
  void serve_backlog(std::unique_lock<std::mutex>& lock);
  void hand_over(AsyncRequest& request);
  void fail_backlog(std::unique_lock<std::mutex>& lock, const Error& error, bool only_late);
  void rest(std::unique_lock<std::mutex>& lock);
  void settle(AsyncRequest& request, Error error);
  [[nodiscard]] Error destroyed() const;
  [[nodiscard]] Error withdrawn() const;
  [[nodiscard]] Error no_thread() const;

  Combiner& combiner_;
  const std::shared_ptr<Connector> connector_;
  const std::size_t max_waiting_;  // For a connection; more are overloaded.

  mutable std::mutex mutex_;  // guards the members below
  std::condition_variable news_;
  std::deque<AsyncRequest*> backlog_;  // These wait for a connection.
  std::deque<std::unique_ptr<detail::Continuation>> calls_;
  int attended_ = 0;
  int cancelling_ = 0;  // Threads that are at it.
  std::condition_variable cancelled_;
  bool poked_ = false;
  bool ending_ = false;
  std::thread thread_;  // From the first request on.
  std::atomic<bool> has_thread_{false};
  // Whether a call on the thread has ended the driver; the thread has it even then.
  const std::shared_ptr<bool> gone_ = std::make_shared<bool>(false);

  std::atomic<bool> backlogged_{false};  // What comes has to queue behind backlog_.
  std::atomic<bool> awake_{false};       // The thread will look around soon, without being told.
  std::atomic<std::uint64_t> started_{0};
};

}  // namespace cachekit::net
