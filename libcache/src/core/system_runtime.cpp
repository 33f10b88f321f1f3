// The machine's runtime: the one place where the library and the command read its clocks, start
// threads, sleep and draw random numbers (`scripts/lint.sh includes` sees to that).

#include "core/fork.hpp"
#include "core/timers.hpp"

#include <cachekit/runtime.hpp>

#include <atomic>
#include <condition_variable>
#include <ctime>
#include <thread>
#include <utility>

#include <sys/random.h>
#include <unistd.h>

namespace cachekit {
namespace {

// One step of SplitMix64: neighbours in, strangers out. Source: Steele, Lea and Flood, "Fast
// Splittable Pseudorandom Number Generators", OOPSLA 2014.
std::uint64_t mixed(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

class SystemThread final : public Runtime::Thread {
 public:
  explicit SystemThread(Runtime::Task task) : thread_(std::move(task)) {}
  ~SystemThread() override { is_current() ? thread_.detach() : thread_.join(); }
  SystemThread(const SystemThread&) = delete;
  SystemThread& operator=(const SystemThread&) = delete;

  [[nodiscard]] bool is_current() const noexcept override {
    return thread_.get_id() == std::this_thread::get_id();
  }

 private:
  std::thread thread_;
};

class SystemCondition final : public Runtime::Condition {
 public:
  bool wait_until(std::unique_lock<std::mutex>& lock, Runtime::steady_time until) override {
    if (until != Runtime::steady_time::max()) {
      return word_.wait_until(lock, until) == std::cv_status::no_timeout;
    }
    word_.wait(lock);
    return true;
  }
  void notify_one() noexcept override { word_.notify_one(); }
  void notify_all() noexcept override { word_.notify_all(); }

 private:
  std::condition_variable word_;
};

class SystemRuntime final : public Runtime {
 public:
  [[nodiscard]] steady_time now() const noexcept override {
    return std::chrono::steady_clock::now();
  }
  [[nodiscard]] wall_time wall() const noexcept override {
    return std::chrono::system_clock::now();
  }
  [[nodiscard]] wall_time coarse_wall() const noexcept override {
#ifdef CLOCK_REALTIME_COARSE
    timespec tick{};
    if (::clock_gettime(CLOCK_REALTIME_COARSE, &tick) == 0) {
      return wall_time(std::chrono::duration_cast<wall_time::duration>(
          std::chrono::seconds(tick.tv_sec) + std::chrono::nanoseconds(tick.tv_nsec)));
    }
#endif
    return wall();
  }

  // It stands in for `std::random_device`, which takes 5 KB of the caller's stack and may throw. On
  // a kernel that gives none, numbers differ between processes and calls.
  [[nodiscard]] std::uint64_t random() noexcept override {
    std::uint64_t number = 0;
    if (::getentropy(&number, sizeof number) == 0) return number;
    static std::atomic<std::uint64_t> calls{0};
    return mixed(mixed(static_cast<std::uint64_t>(now().time_since_epoch().count())) +
                 static_cast<std::uint64_t>(::getpid()) + mixed(++calls));
  }

  void sleep_until(steady_time until) override { std::this_thread::sleep_until(until); }

  [[nodiscard]] std::unique_ptr<Thread> start(Task task) override {
    return std::make_unique<SystemThread>(std::move(task));
  }
  void execute(Task task) override { std::thread(std::move(task)).detach(); }

  TimerId run_at(steady_time at, Task task) override { return timers().add(at, std::move(task)); }
  bool cancel(TimerId timer) noexcept override { return timers().remove(timer); }

  [[nodiscard]] std::unique_ptr<Condition> make_condition() override {
    return std::make_unique<SystemCondition>();
  }

 private:
  // Never destroyed: a timer may come later than the program's static objects. A forked child gets
  // new ones, for its parent may have been changing them.
  core::Timers& timers() {
    core::Timers* known = timers_.load(std::memory_order_acquire);
    while (known == nullptr || known->generation() != core::fork_generation()) {
      auto fresh = std::make_unique<core::Timers>();
      if (timers_.compare_exchange_strong(known, fresh.get(), std::memory_order_acq_rel)) {
        return *fresh.release();
      }
    }
    return *known;
  }

  std::atomic<core::Timers*> timers_{nullptr};
};

}  // namespace

// Never destroyed, as those who use it may outlive static objects.
Runtime& Runtime::system() noexcept {
  alignas(SystemRuntime) static std::byte place[sizeof(SystemRuntime)];
  static SystemRuntime& runtime = *new (place) SystemRuntime;
  return runtime;
}

}  // namespace cachekit
