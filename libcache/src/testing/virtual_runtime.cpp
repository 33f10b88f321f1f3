#include "testing/scheduler.hpp"

#include <cachekit/runtime.hpp>
#include <cachekit/virtual_runtime.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace cachekit {

namespace {

// `Scheduler` is private to the runtime: what these are made of is given by their types.
template <typename Scheduler, typename JobHandle>
class VirtualThread final : public Runtime::Thread {
 public:
  VirtualThread(Scheduler& scheduler, JobHandle job) noexcept
      : scheduler_(scheduler), job_(std::move(job)) {}
  ~VirtualThread() override {
    if (!is_current()) scheduler_.join(*job_);
  }
  VirtualThread(const VirtualThread&) = delete;
  VirtualThread& operator=(const VirtualThread&) = delete;

  [[nodiscard]] bool is_current() const noexcept override {
    return scheduler_.current() == job_.get();
  }

 private:
  Scheduler& scheduler_;
  const JobHandle job_;
};

template <typename Scheduler, typename Job>
class VirtualCondition final : public Runtime::Condition {
 public:
  explicit VirtualCondition(Scheduler& scheduler) noexcept : scheduler_(scheduler) {}

  bool wait_until(std::unique_lock<std::mutex>& lock, Runtime::steady_time until) override {
    Job* const mine = scheduler_.waiting_one();
    waiting_.push_back(mine);
    lock.unlock();
    const bool notified = scheduler_.park(until);
    std::erase(waiting_, mine);
    lock.lock();
    return notified;
  }
  // Any one of them, as the seed will have it.
  void notify_one() noexcept override {
    std::erase_if(waiting_, [](const Job* job) { return job->ready; });
    if (waiting_.empty()) return;
    Job* const one = waiting_[scheduler_.below(waiting_.size())];
    std::erase(waiting_, one);
    scheduler_.wake(*one);
  }
  void notify_all() noexcept override {
    for (Job* const one : std::exchange(waiting_, {})) scheduler_.wake(*one);
  }

 private:
  Scheduler& scheduler_;
  std::vector<Job*> waiting_;
};

}  // namespace

VirtualRuntime::VirtualRuntime(std::uint64_t seed)
    : scheduler_(std::make_unique<Scheduler>(*this, seed)) {}

VirtualRuntime::~VirtualRuntime() = default;

VirtualRuntime::steady_time VirtualRuntime::now() const noexcept { return scheduler_->now(); }

VirtualRuntime::wall_time VirtualRuntime::wall() const noexcept { return scheduler_->wall(); }

std::uint64_t VirtualRuntime::random() noexcept { return scheduler_->random(); }

void VirtualRuntime::sleep_until(steady_time until) { static_cast<void>(scheduler_->park(until)); }

std::unique_ptr<Runtime::Thread> VirtualRuntime::start(Task task) {
  return std::make_unique<VirtualThread<Scheduler, Scheduler::JobHandle>>(
      *scheduler_, scheduler_->start(std::move(task)));
}

void VirtualRuntime::execute(Task task) { static_cast<void>(scheduler_->start(std::move(task))); }

Runtime::TimerId VirtualRuntime::run_at(steady_time at, Task task) {
  return scheduler_->add_timer(at, std::move(task));
}

bool VirtualRuntime::cancel(TimerId timer) noexcept { return scheduler_->remove_timer(timer); }

std::unique_ptr<Runtime::Condition> VirtualRuntime::make_condition() {
  return std::make_unique<VirtualCondition<Scheduler, Scheduler::Job>>(*scheduler_);
}

void*& VirtualRuntime::of_thread() noexcept { return scheduler_->waiting_one()->own; }

void VirtualRuntime::run(Task main) {
  execute(std::move(main));
  scheduler_->run_until(steady_time::max());
  if (const std::size_t left = scheduler_->unfinished(); left > 0) {
    throw std::logic_error(std::to_string(left) + " tasks wait for what will never come");
  }
}

void VirtualRuntime::yield() { scheduler_->yield(); }

std::uint64_t VirtualRuntime::below(std::uint64_t count) noexcept {
  return scheduler_->below(count);
}

void VirtualRuntime::advance(std::chrono::milliseconds by) {
  if (scheduler_->current() != nullptr) return sleep_for(by);
  scheduler_->run_until(now() + by);
}

void VirtualRuntime::step_wall(std::chrono::milliseconds by) noexcept { scheduler_->step_wall(by); }

}  // namespace cachekit
