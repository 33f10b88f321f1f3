#pragma once

#include "core/deferred_state.hpp"
#include "memcached/cluster.hpp"
#include "memcached/counting.hpp"

#include <cachekit/deadline.hpp>

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace cachekit::memcached {

/// Counts up without a caller who waits: takes one step after another on I/O threads. Who withdraws
/// it once it was sent is told `outcome_unknown` at once; it goes on, for what it has done may have
/// to be taken back.
class CountingCall final : public DeferredState<std::int64_t> {
 public:
  CountingCall(Cluster& cluster, std::string_view key, std::int64_t by, Deadline deadline,
               Report report);

  /// Requires: once, before anything else. `stop` withdraws the call.
  void start(std::stop_token stop);

 private:
  class Attempt;

  void try_first(std::stop_token stop);
  /// Errors: throws `std::bad_alloc`.
  void go_on(const std::optional<Command>& next);

  Cluster& cluster_;
  const std::string key_;
  const std::int64_t by_;
  const Deadline deadline_;
  Counting counting_;
};

}  // namespace cachekit::memcached
