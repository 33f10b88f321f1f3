#pragma once

#include <cachekit/export.hpp>
#include <cachekit/runtime.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>

namespace cachekit {

/// A runtime for tests: one thread, and a clock that moves only when nothing is left to do before
/// the next time that somebody waits for, or when told to. What it starts are fibers (functions
/// with a stack of their own), and which one goes on next follows from the seed: the same seed, the
/// same run.
///
///     VirtualRuntime runtime(seed);
///     InMemoryBackend cache({}, runtime);
///     runtime.run([&] {
///       for (int i = 0; i < 10; ++i) runtime.execute([&] { caller(cache); });
///     });
///
/// In its tasks it is the current runtime, so deadlines count by it, too. Tasks go on one by one
/// and change places where they sleep, wait for a `Condition` or the end of a `Thread`, or `yield`;
/// whoever holds a mutex there stops the whole process. What waits by other means (a socket, a
/// `std::condition_variable`, a loop that reads the clock) waits outside of it, and no virtual time
/// passes. So only backends in the process can run in it.
///
/// Threads: the clocks and `random` any; all else one, the one that runs it. Where that calls from
/// outside of any task, the tasks go on meanwhile. Limits: 256 KiB of stack a task.
class CACHEKIT_API VirtualRuntime final : public Runtime {
 public:
  explicit VirtualRuntime(std::uint64_t seed = 0);
  /// What tasks that have not ended hold is lost.
  ~VirtualRuntime() override;
  VirtualRuntime(const VirtualRuntime&) = delete;
  VirtualRuntime& operator=(const VirtualRuntime&) = delete;

  [[nodiscard]] steady_time now() const noexcept override;
  [[nodiscard]] wall_time wall() const noexcept override;
  [[nodiscard]] std::uint64_t random() noexcept override;
  void sleep_until(steady_time until) override;
  [[nodiscard]] std::unique_ptr<Thread> start(Task task) override;
  void execute(Task task) override;
  TimerId run_at(steady_time at, Task task) override;
  bool cancel(TimerId timer) noexcept override;
  [[nodiscard]] std::unique_ptr<Condition> make_condition() override;
  [[nodiscard]] void*& of_thread() noexcept override;

  /// Runs a task, and all that is started meanwhile, until nothing is left to do.
  /// Errors: throws what a task throws; `std::logic_error` where tasks wait for what will never
  /// come.
  void run(Task main);
  /// Others may go on first. In a task; nothing elsewhere.
  void yield();
  /// A number below `count`, which follows from the seed, for choices of the test. Requires: above
  /// zero.
  [[nodiscard]] std::uint64_t below(std::uint64_t count) noexcept;

  /// Moves both clocks forward, and runs what becomes due meanwhile.
  void advance(std::chrono::milliseconds by);
  /// Steps the wall clock alone, in either direction, as an administrator or NTP would.
  void step_wall(std::chrono::milliseconds by) noexcept;

 private:
  class Scheduler;

  const std::unique_ptr<Scheduler> scheduler_;
};

}  // namespace cachekit
