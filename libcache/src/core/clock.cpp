#include <cachekit/clock.hpp>

namespace cachekit {
namespace {

class SystemClock final : public Clock {
 public:
  [[nodiscard]] steady_time now() const noexcept override {
    return std::chrono::steady_clock::now();
  }
  [[nodiscard]] wall_time wall() const noexcept override {
    return std::chrono::system_clock::now();
  }
};

}  // namespace

const Clock& Clock::system() noexcept {
  static const SystemClock clock;
  return clock;
}

Clock::steady_time ManualClock::now() const noexcept {
  const std::lock_guard lock(mutex_);
  return now_;
}

Clock::wall_time ManualClock::wall() const noexcept {
  const std::lock_guard lock(mutex_);
  return wall_;
}

void ManualClock::advance(std::chrono::milliseconds by) noexcept {
  const std::lock_guard lock(mutex_);
  now_ += by;
  wall_ += by;
}

void ManualClock::step_wall(std::chrono::milliseconds by) noexcept {
  const std::lock_guard lock(mutex_);
  wall_ += by;
}

}  // namespace cachekit
