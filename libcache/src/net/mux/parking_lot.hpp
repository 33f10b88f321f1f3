#pragma once

#include <cachekit/deadline.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace cachekit::net {

/// Where threads that wait for the same peer sleep, so that one system call wakes many of them.
///
/// A place is one bit of one of a few futexes; who wakes says which bits are meant
/// (`FUTEX_WAKE_BITSET`, futex(2)). Threads may share a place: then each is woken with the other,
/// finds that its signal has not come, and sleeps on. Threads: any at once.
class ParkingLot {
 public:
  using Place = std::uint32_t;
  static constexpr Place places = 1024;

  /// One place after the other, round after round: those who come together are woken together.
  [[nodiscard]] Place next_place() noexcept {
    return next_.fetch_add(1, std::memory_order_relaxed) % places;
  }

  /// Sleeps until `over()` is true, at most until `until`. Who makes it true wakes the place then.
  template <typename Over>
  void park(Place place, Deadline::clock::time_point until, const Over& over) noexcept {
    bool in_time = true;
    while (in_time) {
      const std::uint32_t ticket = words_[place / bits].load(std::memory_order_acquire);
      if (over()) return;
      in_time = wait(place, ticket, until);
    }
  }

 private:
  friend class Wakeups;

  static constexpr std::size_t bits = 32;
  static constexpr std::size_t words = places / bits;

  /// Sleeps while nobody was woken in the word of `place` since it said `ticket`, or for no reason
  /// less; false when `until` came first.
  [[nodiscard]] bool wait(Place place, std::uint32_t ticket,
                          Deadline::clock::time_point until) noexcept;
  void wake(std::size_t word, std::uint32_t mask) noexcept;

  std::atomic<Place> next_{0};
  std::array<std::atomic<std::uint32_t>, words> words_{};  // How often each has been woken.
};

/// Places whose threads are to be woken; the end of its life wakes them. Threads: one at a time.
class Wakeups {
 public:
  explicit Wakeups(ParkingLot& lot) noexcept : lot_(lot) {}
  ~Wakeups() { wake(); }
  Wakeups(const Wakeups&) = delete;
  Wakeups& operator=(const Wakeups&) = delete;

  void add(ParkingLot::Place place) noexcept;
  /// Wakes those that have been added so far.
  void wake() noexcept;

 private:
  static_assert(ParkingLot::words <= 32);

  ParkingLot& lot_;
  std::uint32_t touched_ = 0;  // Bit n: the n-th mask is not empty.
  std::array<std::uint32_t, ParkingLot::words> masks_{};
};

}  // namespace cachekit::net
