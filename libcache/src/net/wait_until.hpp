#pragma once

#include <cachekit/deadline.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

namespace cachekit::net {

/// Waits until a condition holds; false when the deadline came first.
template <typename Condition>
[[nodiscard]] bool wait_until(std::condition_variable& changed, std::unique_lock<std::mutex>& lock,
                              Deadline deadline, const Condition& holds) {
  if (deadline.never()) {
    changed.wait(lock, holds);
    return true;
  }
  // Nobody is woken when deadlines are cut, so they are looked at now and then.
  constexpr auto slice = std::chrono::milliseconds(100);
  while (!holds()) {
    if (deadline.expired()) return false;
    changed.wait_until(lock, std::min(deadline.at(), Deadline::clock::now() + slice));
  }
  return true;
}

}  // namespace cachekit::net
