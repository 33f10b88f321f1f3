#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>

namespace cachekit::net {

/// How often a caller gives the processor away before it sleeps: the more often, the more often the
/// others had a signal for it meanwhile. Where other programs had the processor for whole time
/// slices, on a busy machine, not at all for a while, and then tried once, the more seldom the more
/// often that was in vain.
///
/// Threads: any; what they note at the same time may get lost.
class YieldPolicy {
 public:
  /// Less than others get who use the processor up. (Many callers of this process take as long.)
  static constexpr auto time_slice = std::chrono::milliseconds(1);

  struct Draw {
    int yields = 0;
    bool watched = false;  ///< Whether to find out who had the processor meanwhile.
    bool retry = false;    ///< After a pause.
  };
  /// For this time.
  [[nodiscard]] Draw draw() noexcept {
    const int yields = yields_.load(std::memory_order_relaxed);
    if (yields > 0) return {yields, suspicious_.load(std::memory_order_relaxed)};
    if (pause_left_.fetch_sub(1, std::memory_order_relaxed) != 1) return {};
    return {.yields = 1, .watched = true, .retry = true};
  }
  struct Outcome {
    bool signal = false;                 ///< For the caller.
    std::chrono::nanoseconds longest{};  ///< Of the yields.
    /// What all threads of the process ran meanwhile, where it was watched. (One that is busy with
    /// something else hides that the machine is.)
    std::chrono::nanoseconds ran{};
  };
  /// Requires: for each draw that was not 0.
  void note(const Draw& drawn, const Outcome& outcome) noexcept {
    const bool resting = yields_.load(std::memory_order_relaxed) == 0;
    if (resting && !drawn.retry) return;  // It was drawn before.
    const bool costly = outcome.longest > time_slice;
    if (drawn.watched) {
      if (costly && outcome.ran < outcome.longest / 2) return rest(drawn);
      suspicious_.store(false, std::memory_order_relaxed);
      pause_.store(least_pause, std::memory_order_relaxed);
      trust_left_.store(costly ? trust : 0, std::memory_order_relaxed);
    } else if (costly && trust_left_.fetch_sub(1, std::memory_order_relaxed) <= 0) {
      suspicious_.store(true, std::memory_order_relaxed);
    }
    const int next =
        outcome.signal ? std::min(drawn.yields + 2, most) : std::max(drawn.yields - 1, least);
    if (next != drawn.yields) yields_.store(next, std::memory_order_relaxed);
  }

 private:
  static constexpr int least = 2;
  static constexpr int most = 20;
  static constexpr int least_pause = 64;
  static constexpr int most_pause = 4096;
  static constexpr int trust = 64;

  void rest(const Draw& drawn) noexcept {
    if (yields_.exchange(0, std::memory_order_relaxed) == 0 && !drawn.retry) return;
    const int pause = pause_.load(std::memory_order_relaxed);
    pause_left_.store(pause, std::memory_order_relaxed);
    pause_.store(std::min(2 * pause, most_pause), std::memory_order_relaxed);
  }

  std::atomic<int> yields_{most};
  std::atomic<bool> suspicious_{false};
  std::atomic<int> trust_left_{0};       // So many long ones are this process' own.
  std::atomic<int> pause_{least_pause};  // The next one, in waits.
  std::atomic<int> pause_left_{0};
};

}  // namespace cachekit::net
