#include "net/routing/pauses.hpp"

#include "core/fork.hpp"
#include "core/mutex.hpp"

#include <cachekit/runtime.hpp>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <utility>

namespace cachekit::net {

// All that a process has of it.
struct Pauses::Core {
  void run() noexcept {
    core::MutexLock lock(mutex);
    while (!ended) {
      if (sleepers.empty()) {
        changed.wait(lock, [&]() CACHEKIT_REQUIRES(mutex) { return ended || !sleepers.empty(); });
      } else if (const auto due = sleepers.begin()->first; due > Clock::now()) {
        changed.wait_until(lock, due);
      } else {
        go_on_with_first(false);
      }
    }
    while (!sleepers.empty()) go_on_with_first(true);
  }
  // What goes on may pause again.
  void go_on_with_first(bool cut_short) noexcept CACHEKIT_REQUIRES(mutex) {
    Sleeper* const sleeper = sleepers.begin()->second;
    sleepers.erase(sleepers.begin());
    mutex.unlock();
    sleeper->go_on(cut_short);
    mutex.lock();
  }

  const std::uint32_t generation = core::fork_generation();
  core::Mutex mutex{};
  core::ConditionVariable changed{};
  std::multimap<Clock::time_point, Sleeper*> sleepers CACHEKIT_GUARDED_BY(mutex){};
  std::unique_ptr<Runtime::Thread> thread CACHEKIT_GUARDED_BY(mutex){};
  bool ended CACHEKIT_GUARDED_BY(mutex) = false;
};

// A parent's core is left in memory as it is: its thread is not here to be joined.
Pauses::~Pauses() {
  end();
  Core* const core = core_;
  if (core != nullptr && core->generation == core::fork_generation()) delete core;
}

Pauses::Core& Pauses::core() {
  Core* core = core_.load(std::memory_order_acquire);
  if (core != nullptr && core->generation == core::fork_generation()) return *core;
  const core::MutexLock lock(making_);
  core = core_;
  if (core != nullptr && core->generation == core::fork_generation()) return *core;
  core_ = new Core;
  return *core_;
}

bool Pauses::wait_until(Clock::time_point then) {
  Core& core = this->core();
  core::MutexLock lock(core.mutex);
  return !core.changed.wait_until(
      lock, then, [&]() CACHEKIT_REQUIRES(core.mutex) { return core.ended || ended_; });
}

bool Pauses::add(Clock::time_point then, Sleeper& sleeper) noexcept {
  try {
    Core& core = this->core();
    const core::MutexLock lock(core.mutex);
    if (core.ended || ended_ || core.sleepers.size() >= max_sleepers) return false;
    const auto added = core.sleepers.emplace(then, &sleeper);
    try {
      if (!core.thread) core.thread = Runtime::system().start([&core] { core.run(); });
    } catch (const std::exception&) {
      core.sleepers.erase(added);
      return false;
    }
    core.changed.notify_all();
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

bool Pauses::remove(Sleeper& sleeper) noexcept {
  Core* const core = core_.load(std::memory_order_acquire);
  if (core == nullptr || core->generation != core::fork_generation()) return false;
  const core::MutexLock lock(core->mutex);
  return std::erase_if(core->sleepers, [&](const auto& one) { return one.second == &sleeper; }) > 0;
}

// A callback of what is cut short may be what ends it: then the thread ends with that call, which
// cannot come back here. (Callbacks run on threads of the nodes.)
void Pauses::end() noexcept {
  ended_ = true;
  Core* const core = core_.load(std::memory_order_acquire);
  if (core == nullptr || core->generation != core::fork_generation()) return;
  std::unique_ptr<Runtime::Thread> thread;  // Its end waits for that of the thread.
  {
    const core::MutexLock lock(core->mutex);
    core->ended = true;
    thread = std::move(core->thread);
    core->changed.notify_all();
  }
}

}  // namespace cachekit::net
