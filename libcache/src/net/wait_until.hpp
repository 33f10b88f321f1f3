#pragma once

#include "core/mutex.hpp"

#include <cachekit/deadline.hpp>

#include <algorithm>
#include <chrono>

namespace cachekit::net {

/// Waits until a condition holds; false when the deadline came first.
template <typename Condition>
[[nodiscard]] bool wait_until(core::ConditionVariable& changed, core::MutexLock& lock,
                              Deadline deadline,
                              const Condition& holds) CACHEKIT_UNCHECKED_LOCKING {
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
