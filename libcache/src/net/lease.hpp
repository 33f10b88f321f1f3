#pragma once

#include "net/channel.hpp"

#include <memory>

namespace cachekit::net {

/// A channel's connection in the hands of one caller; goes back when dropped, or is closed when it
/// is no longer usable.
class Lease {
 public:
  /// Waits for a slot, then takes an idle connection that is still good, or opens one.
  /// `fresh`: never an idle one.
  [[nodiscard]] static Result<Lease> take(Channel& channel, Deadline deadline, bool fresh = false);

  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease();

  [[nodiscard]] Connection& operator*() const noexcept { return *connection_; }
  [[nodiscard]] Connection* operator->() const noexcept { return connection_.get(); }
  /// Whether it was open before, so that the peer may have closed it unnoticed.
  [[nodiscard]] bool reused() const noexcept { return reused_; }

 private:
  explicit Lease(Channel& channel) noexcept : channel_(&channel) {}
  [[nodiscard]] static Result<void> wait_for_slot(Channel& channel, Deadline deadline);
  void take_idle();

  Channel* channel_;  // null once moved from
  std::unique_ptr<Connection> connection_;
  bool reused_ = false;
};

}  // namespace cachekit::net
