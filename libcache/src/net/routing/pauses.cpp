#include "net/routing/pauses.hpp"

#include "core/fork.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <thread>
#include <utility>

namespace cachekit::net {

// All that a process has of it.
struct Pauses::Core {
  using Lock = std::unique_lock<std::mutex>;

  void run() noexcept {
    Lock lock(mutex);
    while (!ended) {
      if (sleepers.empty()) {
        changed.wait(lock);
      } else if (const auto due = sleepers.begin()->first; due > Clock::now()) {
        changed.wait_until(lock, due);
      } else {
        go_on_with_first(lock, false);
      }
    }
    while (!sleepers.empty()) go_on_with_first(lock, true);
  }
  // What goes on may pause again.
  void go_on_with_first(Lock& lock, bool cut_short) noexcept {
    Sleeper* const sleeper = sleepers.begin()->second;
    sleepers.erase(sleepers.begin());
    lock.unlock();
    sleeper->go_on(cut_short);
    lock.lock();
  }

  const std::uint32_t generation = core::fork_generation();
  std::mutex mutex{};  // guards the members below
  std::condition_variable changed{};
  std::multimap<Clock::time_point, Sleeper*> sleepers{};
  std::thread thread{};
  bool ended = false;
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
  const std::lock_guard lock(making_);
  core = core_;
  if (core != nullptr && core->generation == core::fork_generation()) return *core;
  core_ = new Core;
  return *core_;
}

bool Pauses::wait_until(Clock::time_point then) {
  Core& core = this->core();
  Core::Lock lock(core.mutex);
  return !core.changed.wait_until(lock, then, [&] { return core.ended || ended_; });
}

bool Pauses::add(Clock::time_point then, Sleeper& sleeper) noexcept {
  try {
    Core& core = this->core();
    const std::lock_guard lock(core.mutex);
    if (core.ended || ended_) return false;
    const auto added = core.sleepers.emplace(then, &sleeper);
    try {
      if (!core.thread.joinable()) core.thread = std::thread([&core] { core.run(); });
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
  const std::lock_guard lock(core->mutex);
  return std::erase_if(core->sleepers, [&](const auto& one) { return one.second == &sleeper; }) > 0;
}

// A callback of what is cut short may be what ends it: then the thread ends with that call, which
// cannot come back here. (Callbacks run on threads of the nodes.)
void Pauses::end() noexcept {
  ended_ = true;
  Core* const core = core_.load(std::memory_order_acquire);
  if (core == nullptr || core->generation != core::fork_generation()) return;
  std::thread thread;
  {
    const std::lock_guard lock(core->mutex);
    core->ended = true;
    thread = std::move(core->thread);
    core->changed.notify_all();
  }
  if (thread.joinable()) thread.join();
}

}  // namespace cachekit::net
