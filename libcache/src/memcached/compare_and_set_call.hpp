#pragma once

#include "core/deferred_state.hpp"
#include "memcached/cluster.hpp"
#include "memcached/compare_and_set.hpp"
#include "net/mux/async_state.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/operation.hpp>

#include <optional>
#include <stop_token>

namespace cachekit::memcached {

/// Compares and sets an entry without a caller who waits: takes one step after another on I/O
/// threads.
class CompareAndSetCall final : private net::OwnedBytes, public DeferredState<bool> {
 public:
  CompareAndSetCall(Cluster& cluster, const operation::CompareAndSet& operation, Deadline deadline,
                    Report report);

  /// Requires: once, before anything else. `stop` withdraws the call.
  void start(std::stop_token stop);

 private:
  void go_on(const std::optional<Command>& next) noexcept;
  /// Errors: throws `std::bad_alloc`.
  void ask(const Command& command);
  void take(Result<Reply> reply) noexcept;

  Cluster& cluster_;
  const Deadline deadline_;
  CompareAndSetSteps steps_;
};

}  // namespace cachekit::memcached
