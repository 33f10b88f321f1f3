#pragma once

#include "net/mux/async_request.hpp"
#include "net/mux/waiter.hpp"
#include "simulation/peer_log.hpp"
#include "unit/net/line_protocol.hpp"

#include <cachekit/virtual_runtime.hpp>

#include <optional>
#include <string>
#include <utility>

namespace cachekit::net {

/// What the combiner, its callers and the I/O thread do to waiters, for those that stand in for
/// them.
struct WaiterAccess {
  using Signal = BlockingWaiter::Signal;

  [[nodiscard]] static bool nowhere(const Waiter& waiter) {
    return waiter.place_ == Waiter::Place::nowhere;
  }
  static void let_lead(BlockingWaiter& waiter, bool may) { waiter.may_lead_ = may; }
  [[nodiscard]] static Signal signal(const BlockingWaiter& waiter) { return waiter.signal(); }
  [[nodiscard]] static Signal consume(BlockingWaiter& waiter) {
    return waiter.consume(static_cast<std::uint32_t>(waiter.signal()));
  }
  [[nodiscard]] static bool in_backlog(const AsyncRequest& request) { return request.in_backlog_; }
  static void finish(AsyncRequest& request, ParkingLot& lot) {
    Wakeups wakeups(lot);
    request.finish(wakeups);
  }
};

}  // namespace cachekit::net

namespace cachekit::test {

/// One call of a caller, over all attempts.
struct Call {
  Call(CallName who, Deadline until)
      : name(who), deadline(until), request(who.text(), !who.write) {}

  const CallName name;
  const Deadline deadline;
  LineRequest request;
  bool handed_in = false;  // To the multiplexer, which has not settled it.
  bool resent = false;
  std::optional<Result<void>> outcome{};  // The final one.

  /// The multiplexer has settled it.
  void take_back() {
    must(handed_in, name.text() + " is settled twice");
    handed_in = false;
  }
  /// Whether it is to be sent once more.
  [[nodiscard]] bool allows_resend(net::Waiter& waiter) {
    return !waiter.outcome() && waiter.resendable() && !std::exchange(resent, true);
  }
  void conclude(Result<void> with) {
    must(!outcome, name.text() + " is completed twice");
    outcome = std::move(with);
  }
};

/// An attempt of a caller that waits for it.
class BlockingCall final : public net::BlockingWaiter {
 public:
  BlockingCall(Call& call, Runtime::Condition& changed)
      : BlockingWaiter(call.request, call.deadline), call_(call), changed_(changed) {}

  [[nodiscard]] Call& call() const noexcept { return call_; }

 private:
  void released(net::Wakeups& wakeups) noexcept override {
    BlockingWaiter::released(wakeups);
    changed_.notify_all();
  }

  Call& call_;
  Runtime::Condition& changed_;
};

/// A call for whose end nobody waits.
class AsyncCall final : public net::AsyncRequest {
 public:
  explicit AsyncCall(Call& call)
      : AsyncRequest(call.request, call.deadline, Owner::caller), call_(call) {}

  [[nodiscard]] Call& call() const noexcept { return call_; }
  bool unwanted = false;  // To be cancelled wherever it comes next.

 private:
  void hold() noexcept override {}
  void release_self() noexcept override {}
  void conclude() noexcept override {}
  void announce() noexcept override {}

  Call& call_;
};

}  // namespace cachekit::test
