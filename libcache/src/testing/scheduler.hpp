#pragma once

#include "testing/fiber.hpp"

#include <cachekit/runtime.hpp>
#include <cachekit/virtual_runtime.hpp>

#include <atomic>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace cachekit {

/// What runs in a virtual runtime, what is due when, and who goes on next. Threads: one, but for
/// the clock.
class VirtualRuntime::Scheduler {
 public:
  using Moment = std::pair<steady_time, std::uint64_t>;  // In this order, and no two are the same.

  /// Something that goes on step by step: a task, or the program outside of all tasks.
  struct Job {
    std::unique_ptr<testing::Fiber> fiber;  // Of a task.
    std::optional<Moment> wakes_at;         // While it waits for a time.
    bool ready = false;                     // To go on; it waits for nothing.
    bool notified = false;                  // It was not the time that ended its waiting.
    std::vector<Job*> joining;              // What waits for its end.
    void* own = nullptr;                    // `Runtime::of_thread`.
  };
  using JobHandle = std::shared_ptr<Job>;

  Scheduler(VirtualRuntime& runtime, std::uint64_t seed) noexcept;

  JobHandle start(Task task);
  /// The calling one waits until it is woken (true) or for a time (false).
  bool park(steady_time until);
  /// Ends the waiting of one, if it still waits.
  void wake(Job& job);
  /// The same for the calling one, which others may go before.
  void yield();
  void join(Job& job);
  /// The calling one; null outside of all tasks.
  [[nodiscard]] Job* current() const noexcept { return current_; }
  /// The same, or what stands for the program outside of them.
  [[nodiscard]] Job* waiting_one() noexcept { return current_ != nullptr ? current_ : &outside_; }

  TimerId add_timer(steady_time at, Task task);
  [[nodiscard]] bool remove_timer(TimerId timer) noexcept;

  /// Goes on with all there is to do up to a time. Errors: throws what a task throws.
  void run_until(steady_time until);
  [[nodiscard]] std::size_t unfinished() const noexcept { return jobs_.size(); }
  [[nodiscard]] std::uint64_t below(std::uint64_t count) noexcept;

  [[nodiscard]] std::uint64_t random() noexcept;
  [[nodiscard]] steady_time now() const noexcept;
  [[nodiscard]] wall_time wall() const noexcept;
  void step_wall(std::chrono::milliseconds by) noexcept { wall_offset_ += by.count(); }

 private:
  struct Event {
    Job* job = nullptr;  // To go on with; or
    Task task;           // to be started.
  };

  void make_ready(Job& job);
  void wait_outside();
  /// One step of one job, or of time. False where there is none up to then.
  bool step(steady_time until);
  void resume(Job& job);
  void fire_due();
  void set_now(steady_time at) noexcept;
  void finish(Job& job);

  VirtualRuntime& runtime_;
  std::atomic<std::int64_t> now_;          // Nanoseconds.
  std::atomic<std::int64_t> wall_offset_;  // From it, milliseconds.
  std::atomic<std::uint64_t> random_;
  std::uint64_t choices_;
  std::uint64_t last_number_ = 0;
  std::map<Moment, Event> events_;
  std::vector<JobHandle> jobs_;
  std::vector<Job*> ready_;
  Job outside_;
  Job* current_ = nullptr;
  std::exception_ptr failure_;
};

}  // namespace cachekit
