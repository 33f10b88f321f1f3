#pragma once

#include <cachekit/deadline.hpp>

#include <condition_variable>
#include <mutex>

namespace cachekit::net {

/// Waits until a condition holds; false when the deadline came first.
template <typename Condition>
[[nodiscard]] bool wait_until(std::condition_variable& changed, std::unique_lock<std::mutex>& lock,
                              Deadline deadline, const Condition& holds) {
  if (!deadline.never()) return changed.wait_until(lock, deadline.at(), holds);
  changed.wait(lock, holds);
  return true;
}

}  // namespace cachekit::net
