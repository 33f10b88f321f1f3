#include "core/timers.hpp"

#include <cachekit/runtime.hpp>

namespace cachekit::core {

Timers::TimerId Timers::add(Runtime::steady_time at, Runtime::Task task) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t id = ++last_;
  times_.emplace(id, at);
  try {
    tasks_.emplace(Key(at, id), std::move(task));
    if (!running_) Runtime::system().execute([this] { run(); });
  } catch (...) {
    tasks_.erase(Key(at, id));
    times_.erase(id);
    throw;
  }
  running_ = true;
  changed_.notify_one();
  return TimerId{id};
}

bool Timers::remove(TimerId timer) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = times_.find(static_cast<std::uint64_t>(timer));
  if (found == times_.end()) return false;
  tasks_.erase(Key(found->second, found->first));
  times_.erase(found);
  changed_.notify_one();
  return true;
}

void Timers::run() {
  std::unique_lock lock(mutex_);
  while (!tasks_.empty()) {
    const auto next = tasks_.begin();
    const Runtime::steady_time due = next->first.first;
    if (due > Runtime::system().now()) {
      changed_.wait_until(lock, due);
      continue;
    }
    times_.erase(next->first.second);
    Runtime::Task task = std::move(next->second);
    tasks_.erase(next);
    lock.unlock();
    task();
    task = nullptr;
    lock.lock();
  }
  running_ = false;
}

}  // namespace cachekit::core
