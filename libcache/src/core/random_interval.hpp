#pragma once

#include <cstdint>

namespace cachekit::core {

/// Picks events to be looked at: one in `mean` on average, at distances that vary, so that whatever
/// comes in turns is picked as often as it comes. Threads: one at a time.
class RandomInterval {
 public:
  constexpr explicit RandomInterval(std::uint32_t mean) noexcept : mean_(mean), left_(mean) {}

  /// Counts an event, and says whether it is picked.
  [[nodiscard]] bool passed() noexcept {
    if (--left_ > 0) return false;
    draw();
    return true;
  }
  /// Counts an event if it is not picked; else false, and it is not counted.
  [[nodiscard]] bool skip() noexcept {
    if (left_ == 1) return false;
    --left_;
    return true;
  }

 private:
  // "Xorshift" with the triple 13, 17, 5 (Marsaglia, "Xorshift RNGs", 2003).
  void draw() noexcept {
    random_ ^= random_ << 13U;
    random_ ^= random_ >> 17U;
    random_ ^= random_ << 5U;
    left_ = 1 + random_ % (2 * mean_ - 1);
  }

  std::uint32_t mean_;
  std::uint32_t left_;
  std::uint32_t random_ = 0x9E3779B9U;
};

}  // namespace cachekit::core
