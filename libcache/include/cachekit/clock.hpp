#pragma once

#include <cachekit/export.hpp>

#include <chrono>
#include <mutex>

namespace cachekit {

/// Where a component reads the time. Expiry uses `now()`, which never steps; `wall()` is only for
/// what leaves the process (snapshot files, envelopes, absolute server dates).
///
/// Threads: all members may be called from any thread.
class CACHEKIT_API Clock {
 public:
  using steady_time = std::chrono::steady_clock::time_point;
  using wall_time = std::chrono::system_clock::time_point;

  virtual ~Clock() = default;
  [[nodiscard]] virtual steady_time now() const noexcept = 0;
  [[nodiscard]] virtual wall_time wall() const noexcept = 0;

  /// The machine's clocks. Lifetime: the process.
  [[nodiscard]] static const Clock& system() noexcept;
};

/// A clock that moves only when told to; for tests of code that expires things.
class CACHEKIT_API ManualClock final : public Clock {
 public:
  [[nodiscard]] steady_time now() const noexcept override;
  [[nodiscard]] wall_time wall() const noexcept override;

  /// Moves both clocks forward.
  void advance(std::chrono::milliseconds by) noexcept;
  /// Steps the wall clock alone, in either direction, as an administrator or NTP would.
  void step_wall(std::chrono::milliseconds by) noexcept;

 private:
  mutable std::mutex mutex_;  // guards now_ and wall_
  steady_time now_{std::chrono::hours(1)};
  wall_time wall_{std::chrono::seconds(1'700'000'000)};
};

}  // namespace cachekit
