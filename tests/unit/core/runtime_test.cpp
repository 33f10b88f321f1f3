#include "support/catch.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/runtime.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

using namespace cachekit;
using namespace std::chrono_literals;

TEST_CASE("no two random numbers are the same, and each of their bits is used", "[runtime]") {
  std::set<std::uint64_t> numbers;
  std::uint64_t some = 0, all = ~std::uint64_t{0};
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t number = Runtime::system().random();
    numbers.insert(number);
    some |= number;
    all &= number;
  }
  CHECK(numbers.size() == 1000);
  CHECK(some == ~std::uint64_t{0});
  CHECK(all == 0);
}

TEST_CASE("the end of a thread's object waits for its task", "[runtime]") {
  bool ran = false;
  bool was_current = true;
  {
    const auto thread = Runtime::system().start([&] { ran = true; });
    was_current = thread->is_current();
  }
  CHECK(ran);
  CHECK_FALSE(was_current);
}

TEST_CASE("a thread may end its own object, and goes on alone", "[runtime]") {
  struct Shared {
    std::mutex mutex;
    std::unique_ptr<Runtime::Thread> thread;
    std::promise<bool> ended;
  };
  const auto shared = std::make_shared<Shared>();
  auto ended = shared->ended.get_future();
  {
    const std::lock_guard lock(shared->mutex);
    shared->thread = Runtime::system().start([shared] {
      std::unique_lock locked(shared->mutex);
      const bool current = shared->thread->is_current();
      shared->thread.reset();
      locked.unlock();
      shared->ended.set_value(current);
    });
  }
  CHECK(ended.get());
}

TEST_CASE("timers run in the order of their times, and not once they are cancelled", "[runtime]") {
  Runtime& runtime = Runtime::system();
  std::mutex mutex;
  const auto changed = runtime.make_condition();
  std::string order;
  const auto note = [&](char what) {
    const std::lock_guard lock(mutex);
    order += what;
    changed->notify_all();
  };
  const auto now = runtime.now();
  static_cast<void>(runtime.run_at(now + 20ms, [&] { note('c'); }));
  const auto never = runtime.run_at(now + 15ms, [&] { note('b'); });
  static_cast<void>(runtime.run_at(now + 10ms, [&] { note('a'); }));
  const auto late = runtime.run_at(now + 1h, [&] { note('d'); });
  CHECK(runtime.cancel(never));
  CHECK_FALSE(runtime.cancel(never));
  std::unique_lock lock(mutex);
  CHECK(changed->wait_until(lock, now + 1min, [&] { return order.size() == 2; }));
  CHECK(order == "ac");
  lock.unlock();
  CHECK(runtime.now() >= now + 20ms);
  CHECK(runtime.cancel(late));
}

TEST_CASE("what is executed runs beside the caller", "[runtime]") {
  // Shared: the one that sets a value still touches its promise when the other has it.
  const auto ran = std::make_shared<std::promise<std::thread::id>>();
  Runtime::system().execute([ran] { ran->set_value(std::this_thread::get_id()); });
  CHECK(ran->get_future().get() != std::this_thread::get_id());
}

namespace {

// One whose time stands still.
class StoppedRuntime final : public Runtime {
 public:
  [[nodiscard]] steady_time now() const noexcept override { return steady_time(5min); }
  [[nodiscard]] wall_time wall() const noexcept override { return wall_time(7min); }
  [[nodiscard]] std::uint64_t random() noexcept override { return 4; }
  void sleep_until(steady_time /*until*/) override {}
  [[nodiscard]] std::unique_ptr<Thread> start(Task task) override {
    return system().start(std::move(task));
  }
  void execute(Task task) override { task(); }
  TimerId run_at(steady_time at, Task task) override { return system().run_at(at, task); }
  bool cancel(TimerId timer) noexcept override { return system().cancel(timer); }
  [[nodiscard]] std::unique_ptr<Condition> make_condition() override {
    return system().make_condition();
  }
};

}  // namespace

TEST_CASE("a scope replaces the runtime of its own thread, deadlines included", "[runtime]") {
  StoppedRuntime stopped;
  CHECK(&Runtime::current() == &Runtime::system());
  {
    const RuntimeScope scope(stopped);
    CHECK(&Runtime::current() == &stopped);
    CHECK(Deadline::clock::now() == Runtime::steady_time(5min));
    CHECK(Deadline::after(3ms).remaining() == 3ms);
    bool others_have_it = true;
    {
      const auto other = Runtime::system().start(
          [&] { others_have_it = Deadline::clock::now() == Runtime::steady_time(5min); });
    }
    CHECK_FALSE(others_have_it);
  }
  CHECK(&Runtime::current() == &Runtime::system());
  CHECK(Deadline::clock::now() != Runtime::steady_time(5min));
}
