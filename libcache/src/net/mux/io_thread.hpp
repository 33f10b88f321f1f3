#pragma once

#include "core/continuations.hpp"
#include "core/internal.hpp"
#include "net/callback_thread.hpp"
#include "net/mux/async_request.hpp"
#include "net/mux/backlog.hpp"
#include "net/mux/combiner.hpp"
#include "net/mux/doorbell.hpp"
#include "net/mux/in_flight.hpp"
#include "net/mux/program_order.hpp"
#include "net/pool/connector.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>
#include <cachekit/pending.hpp>
#include <cachekit/runtime.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace cachekit::net {

/// The earliest of many points in time. Threads: any at once.
class EarliestTime {
 public:
  using Clock = Deadline::clock;

  void note(Clock::time_point at) noexcept {
    const Clock::rep mine = at.time_since_epoch().count();
    Clock::rep due = at_.load();
    while (mine < due && !at_.compare_exchange_weak(due, mine)) {
    }
  }
  void forget() noexcept { at_ = Clock::time_point::max().time_since_epoch().count(); }
  [[nodiscard]] Deadline get() const noexcept {
    return Deadline::after(std::chrono::milliseconds(0),
                           Clock::time_point(Clock::duration(at_.load())));
  }

 private:
  std::atomic<Clock::rep> at_{Clock::time_point::max().time_since_epoch().count()};
};

/// Looks after the asynchronous requests of a lane on a thread of its own: connects for them, sends
/// what would lie about, reads while nobody else does, minds their deadlines, goes on with calls
/// that take several requests, and hands callbacks to the callback thread.
///
/// The thread exists from the first asynchronous request on. Callers who wait for a request lead
/// it themselves; what nobody waits for is announced by `count_background` and led here.
/// While nothing happens it sleeps until the next deadline.
///
/// Requests of one thread are handed to connections in the order in which they were started: those
/// that wait for a connection stand in a line, in which one that has to be sent anew takes the
/// place that it had.
///
/// Threads: all members may be called from any thread at once. `end` and the destructor may run in
/// a call on the thread itself, which then ends with that call.
class CACHEKIT_INTERNAL IoThread final : private core::ContinuationSink {
 public:
  /// What it shares with the rest of its node. Lifetime: all of it outlives the I/O thread.
  struct Surroundings {
    Combiner& combiner;
    std::shared_ptr<Connector> connector;
    InFlightBounds& bounds;
    ProgramOrder& order;
    CallbackThread& callbacks;
    IoThread* shared = nullptr;  ///< Of the large lane: the I/O thread of the shared one.
  };
  explicit IoThread(Surroundings around);
  ~IoThread() override;
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  enum class Caller : std::uint8_t {
    leaves,  ///< It does something else now.
    waits,   ///< It waits at once, so the thread is needed only where there is no connection.
  };
  /// `ticket`: its place among what its thread asks. Requires: the caller keeps it alive until this
  /// returns.
  void start(AsyncRequest& request, OrderTicket ticket, Caller caller) noexcept;
  /// Settles one that cannot be started.
  void refuse(AsyncRequest& request, Error error) noexcept;
  /// Requests that wait for a connection.
  [[nodiscard]] const Load& load() const noexcept { return backlog_.load(); }
  /// `count` more (or fewer) requests are under way for which no caller will wait.
  void count_background(int count) noexcept;
  /// Runs a step on the thread, and has a callback run: by the callback thread, or here where there
  /// is none to be had.
  void post(std::unique_ptr<detail::Continuation> call) noexcept;
  /// Sends what lies about, as far as that goes without waiting.
  void send() noexcept;
  /// Settles all that is under way, runs the calls that this brings about, and ends the thread.
  /// What is started afterwards is settled at once. Call it before the destructor where such calls
  /// may reach another I/O thread; and once more when that has ended too, which may have had
  /// requests of this one in its hands. Threads: the one that destroys it.
  void end() noexcept;
  /// In a forked child: as `SharedConnection::close_after_fork`.
  void close_after_fork() noexcept;

 private:
  friend class AsyncRequest;
  using Clock = Deadline::clock;
  using Lock = std::unique_lock<std::mutex>;

  // Of a request on its way.
  void enter(AsyncRequest& request, Combiner::Sending sending) noexcept;
  void queue(AsyncRequest& request) noexcept;
  [[nodiscard]] bool submit(AsyncRequest& request, Combiner::Sending sending) noexcept;
  void cancel(AsyncRequest& request) noexcept;
  void expire(AsyncRequest& request) noexcept;
  void settle(AsyncRequest& request, Error error) noexcept;
  [[nodiscard]] const std::string& endpoint() const noexcept {
    return around_.combiner.connection().endpoint();
  }

  // Of the line. These want the lock to be held, and may let go of it for a while.
  void serve_backlog(Lock& lock) noexcept;
  void hand_over(Lock& lock) noexcept;
  void fail_backlog(Lock& lock, const Error& error) noexcept;

  // Of the thread.
  void take(std::unique_ptr<detail::Continuation> continuation) noexcept override {
    post(std::move(continuation));
  }
  [[nodiscard]] bool ensure_thread() noexcept;
  void run(const bool& gone) noexcept;
  /// As `Continuations::run_all`.
  [[nodiscard]] bool run_calls(Lock& lock, const bool& gone) noexcept;
  /// Reads or rests once; gives how many times in a row nothing was started meanwhile.
  [[nodiscard]] int take_turn(Lock& lock, int quiet) noexcept;
  void expire_due() noexcept;

  const Surroundings around_;

  mutable std::mutex mutex_;  // guards the members below
  Doorbell doorbell_;         // Of the thread.
  Backlog backlog_;
  core::Continuations calls_;
  int in_background_ = 0;
  int cancelling_ = 0;  // Threads that are at it.
  std::condition_variable cancelled_;
  bool ending_ = false;
  std::unique_ptr<Runtime::Thread> thread_;  // From the first request on.
  // Whether a call on the thread has ended the I/O thread; the thread has it even then.
  const std::shared_ptr<bool> gone_ = std::make_shared<bool>(false);

  // These need no lock.
  std::atomic<bool> has_thread_{false};
  // When to try again to connect, where nobody will say that it is time.
  std::atomic<Clock::time_point> retry_at_{Clock::time_point::max()};
  EarliestTime due_;  // The first deadline of the requests that nobody waits for.
};

}  // namespace cachekit::net
