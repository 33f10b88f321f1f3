#pragma once

#include <cachekit/export.hpp>
#include <cachekit/steady_clock.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

namespace cachekit {

/// All that a component wants of the machine besides bytes: the time, sleeping, threads, timers and
/// random numbers. There is one for the process, `system()`, and everything uses it unless told
/// otherwise. In a virtual one (`cachekit/virtual_runtime.hpp`) the same code runs in one thread,
/// in an order and at times that follow from a seed.
///
/// What is built with a runtime (a backend in the process, an expander) counts time by that one;
/// what has none at hand (`Deadline`) uses that of the calling thread.
///
/// Threads: all members may be called from any thread. Lifetime: outlives what is built with it.
class CACHEKIT_API Runtime {
 public:
  using steady_time = SteadyClock::time_point;
  using wall_time = std::chrono::system_clock::time_point;
  using Task = std::function<void()>;

  virtual ~Runtime() = default;

  /// What expiry and deadlines count by; never steps.
  [[nodiscard]] virtual steady_time now() const noexcept = 0;
  /// The date, which may step. Only for what leaves the process: snapshot files, envelopes,
  /// absolute dates for servers.
  [[nodiscard]] virtual wall_time wall() const noexcept = 0;
  /// The same as of the last tick of the system's clock, some milliseconds ago at most, for a
  /// fraction of the cost.
  [[nodiscard]] virtual wall_time coarse_wall() const noexcept { return wall(); }

  /// A number that nobody can guess. Cost: of the process's, a system call.
  [[nodiscard]] virtual std::uint64_t random() noexcept = 0;

  /// Returns at that time, or when it has passed.
  virtual void sleep_until(steady_time until) = 0;
  void sleep_for(SteadyClock::duration span) { sleep_until(now() + span); }

  /// A thread that a runtime has started. The end of this object waits for the end of its task;
  /// on the thread itself it does not, and the task goes on alone.
  class Thread {
   public:
    virtual ~Thread() = default;
    /// Whether this is the calling thread.
    [[nodiscard]] virtual bool is_current() const noexcept = 0;
  };
  /// Runs a task on a thread of its own.
  /// Errors: throws `std::system_error` where there is no thread to be had, or `std::bad_alloc`.
  [[nodiscard]] virtual std::unique_ptr<Thread> start(Task task) = 0;

  /// Runs a task soon, beside others, on a thread for which nobody waits; it may take long, and
  /// owns what it needs. Errors: as `start`; it has not begun then. Cost: a thread.
  virtual void execute(Task task) = 0;

  /// Tells one timer from another; never zero.
  enum class TimerId : std::uint64_t {};
  /// Runs a task at that time, or soon after. It must be short: what may wait hands itself on to
  /// `execute`. Errors: as `start`.
  virtual TimerId run_at(steady_time at, Task task) = 0;
  /// False where it is too late: the task has begun, or has run. (Then it may go on after this.)
  virtual bool cancel(TimerId timer) noexcept = 0;

  /// What threads of a runtime wait for, as a `std::condition_variable`: who waits for something
  /// that others do in memory, and is to work in a virtual runtime too, waits here. No other lock
  /// may be held meanwhile.
  class Condition {
   public:
    virtual ~Condition() = default;
    /// Waits for a word, or for no reason. False when the time came first.
    virtual bool wait_until(std::unique_lock<std::mutex>& lock, steady_time until) = 0;
    virtual void notify_one() noexcept = 0;
    virtual void notify_all() noexcept = 0;

    /// Waits until it holds; false when it did not by then.
    template <typename Holds>
    bool wait_until(std::unique_lock<std::mutex>& lock, steady_time until, const Holds& holds) {
      while (!holds()) {
        if (!wait_until(lock, until)) return holds();
      }
      return true;
    }
  };
  [[nodiscard]] virtual std::unique_ptr<Condition> make_condition() = 0;

  /// A pointer of the calling thread's own, null at first; whoever changes it puts it back.
  [[nodiscard]] virtual void*& of_thread() noexcept;

  /// The machine's. Lifetime: the process. A forked child has one of its own, without the parent's
  /// timers.
  [[nodiscard]] static Runtime& system() noexcept;
  /// That of the calling thread: the machine's, unless there is a `RuntimeScope`.
  [[nodiscard]] static Runtime& current() noexcept;
};

/// Makes a runtime that of the calling thread, as long as this object lives.
class CACHEKIT_API RuntimeScope {
 public:
  explicit RuntimeScope(Runtime& runtime) noexcept;
  ~RuntimeScope();
  RuntimeScope(const RuntimeScope&) = delete;
  RuntimeScope& operator=(const RuntimeScope&) = delete;

 private:
  Runtime* const before_;
};

}  // namespace cachekit
