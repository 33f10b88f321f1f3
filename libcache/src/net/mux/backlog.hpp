#pragma once

#include "net/mux/async_request.hpp"
#include "net/mux/in_flight.hpp"
#include "net/mux/waiter.hpp"

#include <cachekit/deadline.hpp>

#include <atomic>
#include <cstdint>

namespace cachekit::net {

/// The line of requests that wait for a connection, sorted by when they were started: one that had
/// a connection and has to be sent anew comes before those that were started after it.
///
/// Threads: one at a time, under the lock of the I/O thread, but for what says that it needs none.
class Backlog {
 public:
  using TimePoint = Deadline::clock::time_point;

  /// `other`: the I/O thread of the shared lane, for the large one's requests that wait for it; or
  /// null.
  explicit Backlog(IoThread* other) noexcept : other_(other) {}

  /// Gives a request that is started the next turn. Needs no lock.
  void take_turn(AsyncRequest& request) noexcept {
    request.turn_.number = turns_.fetch_add(1, std::memory_order_relaxed) + 1;
  }
  /// Whether what comes has to queue behind what is here. Needs no lock.
  [[nodiscard]] bool in_use() const noexcept { return in_use_; }
  /// What counts for its requests in the bounds. Needs no lock.
  [[nodiscard]] const Load& load() const noexcept { return load_; }

  void add(AsyncRequest& request) noexcept;
  void remove(AsyncRequest& request) noexcept;
  /// Whether one of them does not have to wait for others of its thread.
  [[nodiscard]] bool any_may_go() const noexcept;
  /// Takes out those that may go, in their order, to be handed to a connection: until
  /// `end_hand_over` what comes has to queue behind them.
  [[nodiscard]] WaiterList begin_hand_over() noexcept;
  void end_hand_over() noexcept;
  [[nodiscard]] WaiterList take_all() noexcept;
  /// Takes out those whose deadline has passed; sets `next` to the next one of the others, if that
  /// is earlier.
  [[nodiscard]] WaiterList take_late(TimePoint now, TimePoint& next) noexcept;

 private:
  /// Behind which one it has to stand, or null for the front.
  [[nodiscard]] Waiter* place_of(const AsyncRequest& request) noexcept;
  void refresh() noexcept { in_use_ = handing_over_ || !line_.empty(); }
  [[nodiscard]] static AsyncRequest& of(Waiter& waiter) noexcept {
    return static_cast<AsyncRequest&>(waiter);  // Nothing else stands here.
  }

  IoThread* const other_;
  WaiterList line_;
  Waiter* last_placed_ = nullptr;  // In the line, where one was last put in between others.
  Load load_;
  bool handing_over_ = false;  // Some have left the line, and are with no connection yet.
  std::atomic<bool> in_use_{false};
  std::atomic<std::uint64_t> turns_{0};
};

}  // namespace cachekit::net
