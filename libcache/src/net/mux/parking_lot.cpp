#include "net/mux/parking_lot.hpp"

#include <bit>
#include <cerrno>
#include <chrono>
#include <climits>
#include <ctime>
#include <utility>

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

bool ParkingLot::wait(Place place, std::uint32_t ticket,
                      Deadline::clock::time_point until) noexcept {
  const bool bounded = until != Deadline::clock::time_point::max();
  const timespec at = bounded ? to_timespec(until) : timespec{};
  const std::uint32_t bit = std::uint32_t{1} << (place % bits);
  const long status = syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&words_[place / bits]),
                              FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, ticket,
                              bounded ? &at : nullptr, nullptr, bit);
  return status == 0 || errno != ETIMEDOUT;
}

// Who goes to sleep has looked at the word before it looked for signal: either it found the signal,
// or the word is another one by now and it does not sleep, or it sleeps and is woken.
void ParkingLot::wake(std::size_t word, std::uint32_t mask) noexcept {
  words_[word].fetch_add(1, std::memory_order_release);
  syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&words_[word]),
          FUTEX_WAKE_BITSET | FUTEX_PRIVATE_FLAG, INT_MAX, nullptr, nullptr, mask);
}

void Wakeups::add(ParkingLot::Place place) noexcept {
  const std::size_t word = place / ParkingLot::bits;
  masks_[word] |= std::uint32_t{1} << (place % ParkingLot::bits);
  touched_ |= std::uint32_t{1} << word;
}

void Wakeups::wake() noexcept {
  for (; touched_ != 0; touched_ &= touched_ - 1) {
    const auto word = static_cast<std::size_t>(std::countr_zero(touched_));
    lot_.wake(word, std::exchange(masks_[word], 0));
  }
}

}  // namespace cachekit::net
