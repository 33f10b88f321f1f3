#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace cachekit::net {

/// Whether a thread that waits alone for a reply sleeps in the kernel at once, or first looks for
/// it again and again, giving the processor away between looks ("spin, then block": Karlin et al.,
/// "Empirical Studies of Competitive Spinning for a Shared-Memory Multiprocessor", 1991).
///
/// To be woken takes longer than a near server's answer, on an idle virtual machine. On a busy one
/// others use the processor that is given away, for longer than that, and for a distant server it
/// is waste. So it is measured: who looks has to be nearly twice as fast, and the other way is
/// tried now and then, the more seldom the more often that has been in vain.
///
/// Threads: one at a time. Cost: some instructions.
class SpinChoice {
 public:
  enum class Way : std::uint8_t { block, spin };
  using Duration = std::chrono::nanoseconds;

  /// So long a spin lasts at most.
  static constexpr Duration longest_spin = std::chrono::microseconds(50);

  /// For the wait that begins now. Requires: followed by `note`.
  [[nodiscard]] Way next() noexcept;
  /// How long it took until the reply was there.
  void note(Duration took) noexcept;

 private:
  static constexpr std::uint32_t least_interval = 64;
  static constexpr std::uint32_t most_interval = 8192;
  static constexpr int trial_length = 8;

  [[nodiscard]] double& mean(Way way) noexcept { return means_[static_cast<std::size_t>(way)]; }
  [[nodiscard]] Way other() const noexcept {
    return preferred_ == Way::block ? Way::spin : Way::block;
  }
  [[nodiscard]] bool worth_a_trial() noexcept;
  void begin_trial() noexcept;
  void end_trial() noexcept;

  Way preferred_ = Way::block;
  Way taken_ = Way::block;
  int trial_left_ = 0;
  std::uint32_t waits_ = 0;  // Since the last trial.
  std::uint32_t interval_ = least_interval;
  std::array<double, 2> means_{};  // Nanoseconds, of the last waits; 0: none yet.
};

}  // namespace cachekit::net
