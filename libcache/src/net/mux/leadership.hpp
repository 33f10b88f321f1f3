#pragma once

#include "core/mutex.hpp"
#include "net/mux/multiplexer.hpp"
#include "net/mux/parking_lot.hpp"
#include "net/mux/waiter.hpp"
#include "net/mux/yield_policy.hpp"

#include <cachekit/deadline.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <utility>

namespace cachekit::net {

/// Who of the threads that share a connection leads: writes what is queued, reads what comes, and
/// hands it out to the others (Leader/Followers: Schmidt et al., "Pattern-Oriented Software
/// Architecture" 2, 2000).
///
/// A caller that finds no leader becomes it. Before it parks, a caller yields for a moment: it
/// gives the processor to others again and again. A leader that stops leaves the lead open while
/// anybody yields, and the first of them that has the processor takes it; to wait for a certain one
/// would cost a round of changes from thread to thread. Newcomers leave it to them, so that what
/// newcomers queue meanwhile goes out together. The last one that stops yielding looks whether a
/// leader is missing, so that none is forgotten. Where nobody yields, the newest parked caller is
/// promoted, for its reply comes last, and so it reads for all the others. Where no caller is
/// parked there is no leader, and the next caller that waits becomes it.
///
/// Threads: one at a time, under the lock of the connection; what needs none says so.
class Leadership {
 public:
  /// False when somebody leads already.
  [[nodiscard]] bool claim() noexcept {
    if (std::exchange(leading_, true)) return false;
    leaderless_ = false;
    return true;
  }
  /// The same for a newcomer, who leaves it to those who yield where it is open.
  [[nodiscard]] bool claim_unless_leaderless() noexcept { return !leaderless_ && claim(); }
  /// The same for one that yields or was parked, if the lead is open and its request unsettled.
  [[nodiscard]] bool take(BlockingWaiter& blocking) noexcept;
  /// Leaves the lead to those who yield. False, and nothing has changed, when nobody does who would
  /// take it, or see that another one does.
  [[nodiscard]] bool leave_open() noexcept;
  /// Hands it to the newest parked caller with a request in `among`. False, and nobody leads, where
  /// there is none.
  [[nodiscard]] bool hand_on(const Multiplexer& among, Wakeups& wakeups) noexcept;
  /// Tells a parked caller that it leads.
  static void promote(BlockingWaiter& blocking, Wakeups& wakeups) noexcept;
  /// One that has been promoted and has not begun yet will not do it once this was true. Needs no
  /// lock.
  [[nodiscard]] static bool revoke_promotion(BlockingWaiter& blocking) noexcept;

  /// Whether somebody leads, or one of those who yield is about to.
  [[nodiscard]] bool taken() const noexcept { return leading_ || leaderless_; }
  [[nodiscard]] bool leading() const noexcept { return leading_; }
  /// Threads that run a request or wait for one: each counts itself before it takes the lock.
  /// Without them nobody can be promoted.
  [[nodiscard]] std::atomic<int>& callers() noexcept { return callers_; }

  // Of a caller that yields, without the lock.
  void begin_yielding() noexcept { yielding_.fetch_add(1); }
  enum class Yielded : std::uint8_t { in_vain, signalled, leads };
  /// Gives the processor away for a while, until there is a signal for the caller or the lead was
  /// open, which it takes under `lock`.
  [[nodiscard]] Yielded await_turn(BlockingWaiter& blocking, core::Mutex& lock) noexcept;
  /// Whether a leader is missing, and the caller has to see to it as the last one that yielded.
  [[nodiscard]] bool end_yielding() noexcept {
    // Together with `leave_open`: either that sees nobody yielding, or this sees that a leader is
    // missing.
    const bool last = yielding_.fetch_sub(1) == 1;
    return last && leaderless_;
  }

  /// Before a deadline in which nobody gives the processor away: it may be gone for long.
  static constexpr auto margin = std::chrono::milliseconds(50);

 private:
  bool leading_ = false;
  std::atomic<bool> leaderless_{false};  // Changed under the lock.
  std::atomic<int> yielding_{0};
  std::atomic<int> callers_{0};
  YieldPolicy policy_;
};

}  // namespace cachekit::net
