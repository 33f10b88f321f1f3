#pragma once

#include "core/internal.hpp"
#include "core/mutex.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace cachekit::net {

/// The two shared connections of a node. Each carries requests in the order in which they were
/// handed in; between the two there is no order but that of `ProgramOrder`.
enum class Lane : std::uint8_t {
  shared,  ///< Of everybody.
  large,   ///< Of asynchronous requests and batches that would hold up the others.
};

class ThreadOrder;

/// The place of a request in the program order of the thread that began it: held until the request
/// can have no more effect on the server.
class CACHEKIT_INTERNAL OrderTicket {
 public:
  OrderTicket() noexcept = default;
  OrderTicket(std::shared_ptr<ThreadOrder> order, Lane lane) noexcept;
  OrderTicket(OrderTicket&& other) noexcept : order_(std::move(other.order_)), lane_(other.lane_) {}
  OrderTicket& operator=(OrderTicket&& other) noexcept {
    std::swap(order_, other.order_);
    std::swap(lane_, other.lane_);
    return *this;
  }
  ~OrderTicket() { drop(); }

  void drop() noexcept;
  [[nodiscard]] bool held() const noexcept { return order_ != nullptr; }
  /// Whether it has to wait for requests that its thread began before, in the other lane. From then
  /// on the end of the last of them is signalled.
  [[nodiscard]] bool must_wait() const noexcept;

 private:
  std::shared_ptr<ThreadOrder> order_;
  Lane lane_ = Lane::shared;
};

/// Keeps the requests that one thread begins on one node in their order, though there are two
/// lanes: as long as a thread has something under way in one of them, its next request takes the
/// same lane, or waits until that one is empty of its requests.
///
/// Threads: any. Cost: for a thread without asynchronous requests, a look into an empty list.
class ProgramOrder {
 public:
  ProgramOrder();

  /// What the calling thread has under way here.
  struct Mine {
    bool shared = false;
    bool large = false;
    [[nodiscard]] bool any() const noexcept { return shared || large; }
  };
  [[nodiscard]] Mine mine() const noexcept;

  /// The next ticket of the calling thread, in the lane that its order allows: the large one for a
  /// request that is `large`, or where one is under way there. Errors: throws `std::bad_alloc`.
  [[nodiscard]] std::pair<OrderTicket, Lane> next(bool large);
  /// The same for a request that is in a lane already.
  [[nodiscard]] OrderTicket ticket_in(Lane lane);

  /// Is called, from any thread, when requests that waited for the shared lane need to no longer.
  /// An empty one ends that: no call is under way when this returns.
  void on_turn(std::function<void()> call);

 private:
  friend class ThreadOrder;

  struct Signal {
    core::Mutex mutex;
    std::function<void()> call CACHEKIT_GUARDED_BY(mutex);
    void raise() noexcept;
  };
  [[nodiscard]] std::shared_ptr<ThreadOrder> of_this_thread();

  const std::uint64_t number_;  // Tells it from all others of this process.
  const std::shared_ptr<Signal> signal_ = std::make_shared<Signal>();
};

}  // namespace cachekit::net
