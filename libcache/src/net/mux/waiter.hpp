#pragma once

#include "core/internal.hpp"
#include "net/mux/parking_lot.hpp"
#include "net/mux/program_order.hpp"
#include "net/request.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace cachekit::net {

/// So soon is settled what somebody else has in hands to settle.
inline constexpr auto until_settled = std::chrono::milliseconds(5);

/// Somebody who waits for the last reply to a request: a caller who sleeps, a callback, or nobody
/// any more. It lies on a caller's stack or on the heap; a multiplexer only links it.
///
/// A waiter is handed in once and settled exactly once: `released` is the last touch.
class CACHEKIT_INTERNAL Waiter {
 public:
  Waiter(Request& request, Deadline deadline) noexcept : request_(&request), deadline_(deadline) {}
  virtual ~Waiter() = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  [[nodiscard]] Request& request() const noexcept { return *request_; }
  [[nodiscard]] Deadline deadline() const noexcept { return deadline_; }
  /// Requires: settled.
  [[nodiscard]] Result<void>& outcome() noexcept { return outcome_; }
  /// Whether the connection was lost in a way that lets the request be sent anew: nothing of it had
  /// gone out, or it is idempotent. Requires: settled, with an error.
  [[nodiscard]] bool resendable() const noexcept { return resendable_; }

 protected:
  /// Tells that the outcome is there, and who has to be woken for that. The waiter may be gone when
  /// this returns.
  virtual void released(Wakeups& wakeups) noexcept = 0;
  void be_abandoned() noexcept { abandoned_ = true; }
  void be_background() noexcept { background_ = true; }
  /// Its outcome is told after those of the requests before it, also to a leader's own.
  void be_told_in_order() noexcept { told_in_order_ = true; }
  /// It can have no more effect: what its thread asks next need not stay behind it.
  void leave_order() noexcept { ticket_.drop(); }

 private:
  friend class Backlog;
  friend class Caller;
  friend class Combiner;
  friend class IoThread;
  friend class Leadership;
  friend class Multiplexer;
  friend class Outbox;
  friend class ReplyQueue;
  friend class SharedConnection;
  friend class WaiterList;
  friend struct WaiterAccess;  // Of the simulation.
  friend struct Completions;
  friend void wake(Waiter& waiter, ParkingLot& lot) noexcept;

  /// Which of the multiplexer's lists it is in.
  enum class Place : std::uint8_t { nowhere, queued, written, expecting };
  /// Its bytes in a batch.
  struct Bytes {
    std::size_t begin = 0;
    std::size_t size = 0;
    std::uint64_t batch = 0;  ///< The number of the batch, once that is being sent.
  };
  /// Its place among those that wait for a connection.
  struct Turn {
    std::uint64_t number = 0;
    std::size_t size = 0;  ///< What it counts for while it waits there.
  };

  Request* request_;
  Deadline deadline_;
  Result<void> outcome_{};
  OrderTicket ticket_{};       // Goes to who takes its replies once it is given up.
  std::uint64_t only_on_ = 0;  // The number of the only connection it may go to; 0 for any.
  Turn turn_{};
  Bytes bytes_{};
  Waiter* previous_ = nullptr;
  Waiter* next_ = nullptr;
  std::uint64_t words_ = 0;  // How often the peer had been heard when it was handed in.
  // Changed under the lock of whoever has it in a list; looked at by others.
  std::atomic<Place> place_{Place::nowhere};
  bool may_lead_ = false;  // Its thread is parked or yields, and can be promoted.
  bool resendable_ = false;
  bool abandoned_ = false;   // It stands for one that was given up.
  bool background_ = false;  // No thread looks after its deadline.
  bool told_in_order_ = false;
};

/// What a caller's thread can wait for: it sleeps until the request is settled or it is told to
/// lead.
class CACHEKIT_INTERNAL BlockingWaiter : public Waiter {
 public:
  using Waiter::Waiter;

  enum class Signal : std::uint32_t { none, asleep, lead, settled };

  /// Sleeps until there is a signal; `none` when `until` came first.
  [[nodiscard]] Signal sleep(ParkingLot& lot, Deadline::clock::time_point until) noexcept;
  [[nodiscard]] bool settled() const noexcept { return signal() == Signal::settled; }

 protected:
  void released(Wakeups& wakeups) noexcept override;

 private:
  friend class Caller;
  friend class Leadership;
  friend struct WaiterAccess;

  [[nodiscard]] Signal signal() const noexcept;
  /// Gives it a signal, and adds it to those to be woken where it is asleep. From then on it may be
  /// gone.
  void tell(Signal signal, Wakeups& wakeups) noexcept;
  [[nodiscard]] Signal consume(std::uint32_t seen) noexcept;

  std::atomic<std::uint32_t> word_{0};  // Signal, and above that the place where it is asleep.
};

/// Takes the replies to a request that its caller has given up on.
class AbandonedWaiter final : public Waiter {
 public:
  explicit AbandonedWaiter(std::unique_ptr<Request> request) noexcept
      : Waiter(*request, Deadline::after(forever)), owned_(std::move(request)) {
    be_abandoned();
  }

 private:
  void released(Wakeups& /*wakeups*/) noexcept override { delete this; }

  std::unique_ptr<Request> owned_;
};

/// Waiters in the order in which their replies come. Does not own them. Threads: one at a time.
class WaiterList {
 public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] Waiter* front() const noexcept { return first_; }
  [[nodiscard]] Waiter* back() const noexcept { return last_; }

  void push_back(Waiter& waiter, Waiter::Place place) noexcept;
  /// Behind `before`, or in front of all where that is null.
  void insert_behind(Waiter* before, Waiter& waiter) noexcept;
  /// Requires: not empty.
  Waiter& pop_front() noexcept;
  /// The same without a word to the waiter, who is nowhere already and may look at itself.
  Waiter& take_front() noexcept;
  void remove(Waiter& waiter) noexcept;
  void replace(Waiter& waiter, Waiter& by) noexcept;
  /// Appends all of `other`, which is empty then.
  void splice_back(WaiterList& other, Waiter::Place place) noexcept;

  template <typename Visit>
  void each(const Visit& visit) const {
    for (Waiter* at = first_; at != nullptr; at = at->next_) visit(*at);
  }
  /// From the newest to the oldest, until `visit` says true; that one, or null.
  template <typename Visit>
  [[nodiscard]] Waiter* newest(const Visit& visit) const {
    for (Waiter* at = last_; at != nullptr; at = at->previous_) {
      if (visit(*at)) return at;
    }
    return nullptr;
  }

 private:
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
};

}  // namespace cachekit::net
