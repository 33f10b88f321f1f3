#pragma once

#include "core/fork.hpp"

#include <cachekit/runtime.hpp>

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <utility>

namespace cachekit::core {

/// The timers of the process, and the thread that waits for the next one, which exists while there
/// are any. Threads: any. Lifetime: the process, for the thread may end later than its objects.
class Timers {
 public:
  using TimerId = Runtime::TimerId;

  [[nodiscard]] TimerId add(Runtime::steady_time at, Runtime::Task task);
  [[nodiscard]] bool remove(TimerId timer) noexcept;
  [[nodiscard]] std::uint32_t generation() const noexcept { return generation_; }

 private:
  using Key = std::pair<Runtime::steady_time, std::uint64_t>;

  void run();

  const std::uint32_t generation_ = fork_generation();
  std::mutex mutex_;  // guards the members below
  std::condition_variable changed_;
  std::map<Key, Runtime::Task> tasks_;
  std::map<std::uint64_t, Runtime::steady_time> times_;
  std::uint64_t last_ = 0;
  bool running_ = false;
};

}  // namespace cachekit::core
