#pragma once

#include "core/internal.hpp"
#include "net/mux/waiter.hpp"
#include "net/resends.hpp"

#include <cachekit/deadline.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace cachekit::net {

class IoThread;

/// Sees an asynchronous request that has its outcome before it is settled, for it may have to be
/// asked elsewhere (net/routing/). Threads: who has the request, but for `cancel`.
class SettlementHook {
 public:
  virtual ~SettlementHook() = default;
  /// Whether it has taken the request over, which it settles later by `settle_taken_over`, or has
  /// settled already.
  [[nodiscard]] virtual bool takes_over() noexcept = 0;
  /// The caller withdraws the request. False where it has not taken it over.
  [[nodiscard]] virtual bool cancel() noexcept = 0;
};

/// A request that goes its way without a caller: handed to `Channel::start`, settled exactly once,
/// whatever happens to connections. A caller may wait for it, and leads while it does.
class CACHEKIT_INTERNAL AsyncRequest : public BlockingWaiter {
 public:
  /// Whose it is while it is under way.
  enum class Owner : std::uint8_t {
    itself,  ///< It lives until it has let go of itself.
    caller,  ///< It lies on the stack of who waits for it, and is gone once it is settled.
  };
  AsyncRequest(Request& request, Deadline deadline, Owner owner = Owner::itself) noexcept
      : BlockingWaiter(request, deadline), owner_(owner) {
    be_background();
  }

  /// Returns once it is settled. Requires: handed to a channel, which still exists where it is not.
  void wait() noexcept;
  /// The same for a while; whether it is settled. Requires: of this process.
  [[nodiscard]] bool wait(Deadline until) noexcept;
  /// Settles it as `cancelled` if nothing else has; a write that was sent is `outcome_unknown`. One
  /// that was not handed in yet is settled when it is. False where it was sent and stays.
  bool cancel() noexcept;
  /// Has its connection read for it (`true`), or no longer, while nobody waits for it. Requires: as
  /// I/O thread.
  void read_on_its_own(bool wanted) noexcept;
  /// Requires: not handed to a channel yet.
  void look_at_outcome(std::unique_ptr<SettlementHook> hook) noexcept {
    hook_ = std::move(hook);
    be_told_in_order();  // What goes elsewhere goes in that order.
  }

 protected:
  /// Keeps the object alive while it is under way, and lets go of it. (Not for the caller's.)
  virtual void hold() noexcept = 0;
  virtual void release_self() noexcept = 0;
  /// The outcome is final. Runs once, on the thread that found out; must be short.
  virtual void conclude() noexcept = 0;
  /// Runs after `settled()` has become true.
  virtual void announce() noexcept = 0;
  /// Requires: handed to a channel, in this process.
  [[nodiscard]] IoThread& io_thread() const noexcept {
    return *io_thread_.load(std::memory_order_relaxed);
  }
  /// Whether a parent of this process started it: what it belongs to is not to be touched here.
  [[nodiscard]] bool inherited() const noexcept;

 private:
  friend class Backlog;
  friend class Channel;
  friend class IoThread;
  friend class ReroutedCall;
  friend struct WaiterAccess;  // Of the simulation.

  void released(Wakeups& wakeups) noexcept final;
  void finish(Wakeups& wakeups) noexcept;
  void close(Wakeups& wakeups) noexcept;
  // Of who has taken it over.
  void settle_taken_over(Result<void>&& outcome) noexcept;
  [[nodiscard]] bool unwanted() const noexcept { return unwanted_; }

  const Owner owner_;
  std::unique_ptr<SettlementHook> hook_{};
  std::atomic<IoThread*> io_thread_{nullptr};
  std::uint32_t generation_ = 0;       // Of the process that started it.
  std::atomic<bool> unwanted_{false};  // To be cancelled wherever it comes next.
  Resends resends_;
  bool adopted_ = false;     // The I/O thread attends to it by its own decision.
  bool in_backlog_ = false;  // Guarded by the I/O thread.
  bool waits_turn_ = false;  // For requests of its thread in the other lane, which are read for it.
};

}  // namespace cachekit::net
