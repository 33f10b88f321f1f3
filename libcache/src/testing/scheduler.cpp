#include "testing/scheduler.hpp"

#include <cachekit/runtime.hpp>

#include <algorithm>
#include <stdexcept>

namespace cachekit {
namespace {

constexpr std::uint64_t golden_ratio = 0x9e3779b97f4a7c15U;

// SplitMix64, as in `core/system_runtime.cpp`.
std::uint64_t scrambled(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}

}  // namespace

VirtualRuntime::Scheduler::Scheduler(VirtualRuntime& runtime, std::uint64_t seed) noexcept
    : runtime_(runtime),
      now_(std::chrono::nanoseconds(std::chrono::hours(1)).count()),
      wall_offset_(1'700'000'000'000 - std::chrono::milliseconds(std::chrono::hours(1)).count()),
      random_(scrambled(seed)),
      choices_(scrambled(~seed)) {}

VirtualRuntime::steady_time VirtualRuntime::Scheduler::now() const noexcept {
  return steady_time(std::chrono::nanoseconds(now_.load(std::memory_order_relaxed)));
}

VirtualRuntime::wall_time VirtualRuntime::Scheduler::wall() const noexcept {
  const std::chrono::milliseconds offset(wall_offset_.load(std::memory_order_relaxed));
  return wall_time(now().time_since_epoch() + offset);
}

void VirtualRuntime::Scheduler::set_now(steady_time at) noexcept {
  if (at > now()) now_ = std::chrono::nanoseconds(at.time_since_epoch()).count();
}

std::uint64_t VirtualRuntime::Scheduler::random() noexcept {
  return scrambled(random_.fetch_add(golden_ratio) + golden_ratio);
}

// The bias is one in 2^64 / count.
std::uint64_t VirtualRuntime::Scheduler::below(std::uint64_t count) noexcept {
  return scrambled(choices_ += golden_ratio) % count;
}

VirtualRuntime::Scheduler::JobHandle VirtualRuntime::Scheduler::start(Task task) {
  auto job = std::make_shared<Job>();
  job->fiber = std::make_unique<testing::Fiber>([this, task = std::move(task)]() mutable {
    try {
      const Task mine = std::move(task);
      mine();
    } catch (...) {
      if (!failure_) failure_ = std::current_exception();
    }
  });
  jobs_.push_back(job);
  make_ready(*job);
  return job;
}

void VirtualRuntime::Scheduler::make_ready(Job& job) {
  job.ready = true;
  ready_.push_back(&job);
}

bool VirtualRuntime::Scheduler::park(steady_time until) {
  Job& job = *waiting_one();
  job.notified = job.ready = false;
  if (until != steady_time::max()) {
    job.wakes_at = Moment(until, ++last_number_);
    events_.emplace(*job.wakes_at, Event{&job, {}});
  }
  current_ != nullptr ? job.fiber->suspend() : wait_outside();
  return job.notified;
}

void VirtualRuntime::Scheduler::wake(Job& job) {
  if (job.ready) return;  // Its time was there first.
  if (job.wakes_at) events_.erase(*std::exchange(job.wakes_at, std::nullopt));
  job.notified = true;
  make_ready(job);
}

void VirtualRuntime::Scheduler::yield() {
  if (current_ == nullptr) return;
  make_ready(*current_);
  current_->fiber->suspend();
}

void VirtualRuntime::Scheduler::join(Job& job) {
  while (!job.fiber->ended()) {
    job.joining.push_back(waiting_one());
    park(steady_time::max());
  }
}

VirtualRuntime::TimerId VirtualRuntime::Scheduler::add_timer(steady_time at, Task task) {
  events_.emplace(Moment(at, ++last_number_), Event{nullptr, std::move(task)});
  return TimerId{last_number_};
}

bool VirtualRuntime::Scheduler::remove_timer(TimerId timer) noexcept {
  const auto found = std::ranges::find_if(events_, [&](const auto& event) {
    return event.first.second == static_cast<std::uint64_t>(timer);
  });
  if (found == events_.end()) return false;
  events_.erase(found);
  return true;
}

void VirtualRuntime::Scheduler::run_until(steady_time until) {
  while (step(until)) {
  }
  if (until != steady_time::max()) set_now(until);
}

// The program outside of the tasks goes on once its turn has come.
void VirtualRuntime::Scheduler::wait_outside() {
  bool went_on = true;
  while (went_on && !(outside_.ready && std::ranges::find(ready_, &outside_) == ready_.end())) {
    went_on = step(steady_time::max());
  }
  if (!went_on) throw std::logic_error("the program waits for what will never come");
}

bool VirtualRuntime::Scheduler::step(steady_time until) {
  if (ready_.empty()) {
    if (events_.empty() || events_.begin()->first.first > until) return false;
    set_now(events_.begin()->first.first);
  }
  fire_due();
  std::swap(ready_[below(ready_.size())], ready_.back());
  Job& job = *ready_.back();
  ready_.pop_back();
  if (job.fiber) resume(job);
  return true;
}

void VirtualRuntime::Scheduler::fire_due() {
  while (!events_.empty() && events_.begin()->first.first <= now()) {
    Event event = std::move(events_.begin()->second);
    events_.erase(events_.begin());
    if (event.job == nullptr) {
      static_cast<void>(start(std::move(event.task)));
    } else {
      event.job->wakes_at.reset();
      make_ready(*event.job);
    }
  }
}

void VirtualRuntime::Scheduler::resume(Job& job) {
  {
    const RuntimeScope scope(runtime_);
    Job* const before = std::exchange(current_, &job);
    job.fiber->resume();
    current_ = before;
  }
  if (job.fiber->ended()) finish(job);
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void VirtualRuntime::Scheduler::finish(Job& job) {
  for (Job* const waiting : job.joining) wake(*waiting);
  std::erase_if(jobs_, [&](const JobHandle& one) { return one.get() == &job; });
}

}  // namespace cachekit
