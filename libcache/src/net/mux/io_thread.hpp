#pragma once

#include "net/mux/async_request.hpp"
#include "net/mux/combiner.hpp"
#include "net/mux/in_flight.hpp"
#include "net/mux/program_order.hpp"
#include "net/pool/connector.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>
#include <cachekit/pending.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

namespace cachekit::net {

/// Looks after the asynchronous requests of a lane on a thread of its own: connects for them, sends
/// what would lie about, reads while nobody else does, minds their deadlines, runs their callbacks.
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
class IoThread {
 public:
  /// What it shares with the rest of its node. Lifetime: all of it outlives the I/O thread.
  struct Surroundings {
    Combiner& combiner;
    std::shared_ptr<Connector> connector;
    InFlightBounds& bounds;
    ProgramOrder& order;
    IoThread* shared = nullptr;  ///< Of the large lane: the I/O thread of the shared one.
  };
  explicit IoThread(Surroundings around);
  ~IoThread();
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  enum class Caller : std::uint8_t {
    leaves,  ///< It does something else now.
    waits,   ///< It waits at once, so the thread is needed only where there is no connection.
  };
  /// `ticket`: its place among what its thread asks. Requires: the caller keeps it alive until this
  /// returns.
  void start(AsyncRequest& request, OrderTicket ticket, Caller caller) noexcept;
  /// Does the thread's work for the requests, once, where it runs a callback. Threads: of callers.
  void stand_in() noexcept;
  /// Settles one that cannot be started.
  void refuse(AsyncRequest& request, Error error) noexcept;
  /// How many requests wait for a connection.
  [[nodiscard]] std::size_t waiting() const noexcept { return load_.requests; }
  [[nodiscard]] const Load& load() const noexcept { return load_; }
  /// `count` more (or fewer) requests are under way for which no caller will wait.
  void count_background(int count) noexcept;
  /// Runs a call on the thread.
  void post(std::unique_ptr<detail::Continuation> call) noexcept;
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

  // Calls in the order in which they came; adding one needs no memory.
  class Calls {
   public:
    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    void push(std::unique_ptr<detail::Continuation> call) noexcept;
    [[nodiscard]] std::unique_ptr<detail::Continuation> pop() noexcept;

   private:
    std::unique_ptr<detail::Continuation> first_;
    detail::Continuation* last_ = nullptr;
  };

  // Of a request on its way.
  void enter(AsyncRequest& request, Combiner::Sending sending) noexcept;
  void queue(AsyncRequest& request) noexcept;
  [[nodiscard]] bool submit(AsyncRequest& request, Combiner::Sending sending) noexcept;
  void cancel(AsyncRequest& request) noexcept;
  void settle(AsyncRequest& request, Error error) noexcept;
  [[nodiscard]] Error says(Errc code, const char* what, const char* hint = "") const noexcept;
  [[nodiscard]] Error destroyed() const noexcept;
  [[nodiscard]] Error withdrawn() const noexcept;
  [[nodiscard]] Error no_thread() const noexcept;
  [[nodiscard]] Error too_late(const AsyncRequest& request) const noexcept;

  // Of the line. These want the lock to be held, and may let go of it for a while.
  void stand_in_line(AsyncRequest& request) noexcept;
  void step_out(AsyncRequest& request) noexcept;
  void serve_backlog(Lock& lock) noexcept;
  void serve_line(Lock& lock) noexcept;
  [[nodiscard]] WaiterList take_those_whose_turn_it_is() noexcept;
  void hand_over(Lock& lock) noexcept;
  void fail_backlog(Lock& lock, const Error& error) noexcept;
  void refresh_backlogged() noexcept;

  // Of the thread.
  [[nodiscard]] bool ensure_thread() noexcept;
  void run(const bool& gone) noexcept;
  /// Returns at once, without the lock, when one of the calls made `gone` true.
  void run_calls(Lock& lock, const bool& gone) noexcept;
  /// Reads or rests once; gives how many times in a row nothing was started meanwhile.
  [[nodiscard]] int take_turn(Lock& lock, int quiet) noexcept;
  void poke() noexcept;
  void expire_due() noexcept;
  /// Requires: the request can be found by now; `expire_due` forgets what it does not find.
  void note_due(Clock::time_point at) noexcept;
  /// Of the requests that nobody waits for, the earliest.
  [[nodiscard]] Deadline due() const noexcept;

  Combiner& combiner_;
  const std::shared_ptr<Connector> connector_;
  InFlightBounds& bounds_;
  ProgramOrder& order_;
  IoThread* const shared_;

  mutable std::mutex mutex_;  // guards the members below
  std::condition_variable woken_;
  WaiterList backlog_;  // These wait for a connection, in the order of their turns.
  Load load_;           // Of these.
  Calls calls_;
  int in_background_ = 0;
  int cancelling_ = 0;  // Threads that are at it.
  std::condition_variable cancelled_;
  bool handing_over_ = false;  // Some have left the line, and are with no connection yet.
  bool in_poll_ = false;       // The thread waits for the peer or for wake_.
  bool ending_ = false;
  bool in_call_ = false;  // The thread runs a callback.
  bool serving_ = false;  // Somebody serves the line.
  int wake_ = -1;         // An eventfd, from the first request on.
  std::thread thread_;    // The same.
  // Whether a call on the thread has ended the I/O thread; the thread has it even then.
  const std::shared_ptr<bool> gone_ = std::make_shared<bool>(false);

  // When to try again to connect, where nobody will say that it is time.
  std::atomic<Clock::time_point> retry_at_{Clock::time_point::max()};

  std::atomic<bool> has_thread_{false};
  std::atomic<bool> poked_{false};       // There is a signal for the thread. Raised under the lock.
  std::atomic<bool> backlogged_{false};  // What comes has to queue behind backlog_.
  std::atomic<bool> awake_{false};       // The thread will look around soon, without being told.
  std::atomic<std::uint64_t> started_{0};
  std::atomic<std::uint64_t> turns_{0};
  std::atomic<Clock::rep> due_{Clock::time_point::max().time_since_epoch().count()};
};

}  // namespace cachekit::net
