#pragma once

#include "core/internal.hpp"
#include "core/mutex.hpp"

#include <cachekit/deadline.hpp>

#include <atomic>
#include <cstddef>

namespace cachekit::net {

/// What pauses before it is tried again. Those that no caller waits for are gone on with on a
/// thread, one for all nodes, which exists from the first of them on.
///
/// Threads: all members may be called from any thread at once. Forks: what a parent had pausing is
/// the parent's.
class CACHEKIT_INTERNAL Pauses {
 public:
  using Clock = Deadline::clock;

  /// Something that pauses. Lifetime: until it is gone on with, or removed.
  class Sleeper {
   public:
    virtual ~Sleeper() = default;
    /// The pause is over, by itself or (`cut_short`) because no one can pause any more. Runs once,
    /// on a thread that must not be kept.
    virtual void go_on(bool cut_short) noexcept = 0;
  };

  /// What waits is bounded: as many as may wait for their replies, mostly.
  static constexpr std::size_t max_sleepers = 10'000;

  Pauses() = default;
  ~Pauses();
  Pauses(const Pauses&) = delete;
  Pauses& operator=(const Pauses&) = delete;

  /// The caller waits. False where that was cut short. Errors: throws `std::bad_alloc`.
  [[nodiscard]] bool wait_until(Clock::time_point then);
  /// False, and nothing pauses, where there is no thread or memory to be had, where `max_sleepers`
  /// pause already, or after `end`.
  [[nodiscard]] bool add(Clock::time_point then, Sleeper& sleeper) noexcept;
  /// Takes one back; false where it is being gone on with already, or was not added.
  [[nodiscard]] bool remove(Sleeper& sleeper) noexcept;
  /// Cuts all short. What comes later is refused.
  void end() noexcept;

 private:
  struct Core;

  [[nodiscard]] Core& core();

  core::Mutex making_;  // Of the core of this process.
  std::atomic<Core*> core_{nullptr};
  std::atomic<bool> ended_{false};
};

}  // namespace cachekit::net
