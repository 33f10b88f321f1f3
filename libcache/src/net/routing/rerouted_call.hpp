#pragma once

#include "core/mutex.hpp"
#include "net/mux/async_request.hpp"
#include "net/routing/node.hpp"
#include "net/routing/pauses.hpp"
#include "net/routing/reroutes.hpp"
#include "net/routing/write_order.hpp"

#include <cachekit/error.hpp>

#include <chrono>
#include <string_view>
#include <utility>

namespace cachekit::net {

class Dispatcher;

/// Has an asynchronous request asked elsewhere before it is settled. The request stays with its
/// first node, whose threads settle it and where its caller may wait for it; a `Hop` goes to the
/// next one in its stead, looked after by that node's I/O thread.
///
/// It has its nodes as long as the request exists, whose waiting caller leads on one of them.
class ReroutedCall final : public SettlementHook, private Pauses::Sleeper {
 public:
  ReroutedCall(Dispatcher& dispatcher, AsyncRequest& request, NodeRef node, std::string_view key);
  ~ReroutedCall() override;

  [[nodiscard]] bool takes_over() noexcept override;
  [[nodiscard]] bool cancel() noexcept override;

 private:
  class Hop;

  /// Whether it would undo nothing if it went again now.
  [[nodiscard]] bool may_go_again() const noexcept;
  /// Whether it is on its way again, and may be gone; where it is not, the outcome is final.
  [[nodiscard]] bool goes_on_after(Result<void>& outcome) noexcept;
  [[nodiscard]] bool pause(std::chrono::microseconds pause, Result<void>& outcome) noexcept;
  [[nodiscard]] bool go_to(const NodeRef& node, bool prelude, Result<void>& outcome) noexcept;
  [[nodiscard]] bool go_to_owner(Result<void>& outcome) noexcept;
  void arrived(Hop& hop) noexcept;
  void go_on(bool cut_short) noexcept override;
  void settle(Result<void>&& outcome) noexcept;
  [[nodiscard]] Hop* replace_hop(Hop* by) noexcept;

  Dispatcher& dispatcher_;
  AsyncRequest& request_;
  const std::string_view key_;
  const NodeRef first_;
  NodeRef asked_;  // Last. Touched by whoever has the request.
  Reroutes reroutes_;
  Result<void> refusal_{};           // While it pauses.
  const WriteOrder::Ticket ticket_;  // Of a write.

  core::Mutex mutex_;
  Hop* hop_ CACHEKIT_GUARDED_BY(mutex_) = nullptr;  // The last one.
};

}  // namespace cachekit::net
