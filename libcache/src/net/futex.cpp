#include "net/futex.hpp"

#include <cerrno>
#include <chrono>
#include <ctime>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace cachekit::net {
namespace {

// std::chrono::steady_clock is CLOCK_MONOTONIC, which is also what FUTEX_WAIT_BITSET counts by.
timespec to_timespec(Deadline::clock::time_point at) noexcept {
  const auto since = at.time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(since);
  const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(since - seconds);
  return {.tv_sec = static_cast<std::time_t>(seconds.count()),
          .tv_nsec = static_cast<long>(rest.count())};
}

}  // namespace

bool futex_wait(std::atomic<std::uint32_t>& word, std::uint32_t expected,
                Deadline::clock::time_point until) noexcept {
  const bool bounded = until != Deadline::clock::time_point::max();
  const timespec at = bounded ? to_timespec(until) : timespec{};
  const long status = syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word),
                              FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, expected,
                              bounded ? &at : nullptr, nullptr, FUTEX_BITSET_MATCH_ANY);
  return status == 0 || errno != ETIMEDOUT;
}

void futex_wake(std::atomic<std::uint32_t>& word) noexcept {
  syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1,
          nullptr, nullptr, 0);
}

}  // namespace cachekit::net
