#pragma once

#include "core/deferred_state.hpp"
#include "memcached/cluster.hpp"
#include "memcached/counting.hpp"
#include "memcached/refused_counts.hpp"

#include <cachekit/deadline.hpp>

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::memcached {

/// Counts up without a caller who waits: takes one step after another on I/O threads. Who withdraws
/// it once it was sent is told `outcome_unknown` at once; it goes on, for what it has done may have
/// to be taken back. What counts on top of what one of them takes back is judged and taken back
/// with it, as in a batch.
class CountingCall final : public DeferredState<std::int64_t> {
 public:
  /// Lifetime: of `cluster` and `refused`, longer.
  CountingCall(Cluster& cluster, RefusedCounts& refused, std::string_view key, std::int64_t by,
               Deadline deadline, Report report);

  /// Requires: once, before anything else. `stop` withdraws the call.
  void start(std::stop_token stop);

 private:
  class Attempt;
  struct Replies {
    Result<Reply> before{};
    Result<Reply> after{};
  };
  struct Companion {
    CountingCall* call;
    Error why;
  };

  void try_first(std::stop_token stop);
  /// Errors of these: throw `std::bad_alloc`.
  void take_tried(Replies&& replies);
  void take_answer(const Result<Reply>& reply);
  void go_on(const std::optional<Command>& next);
  // Whether it was tried where another one of its key had counted what is to be taken back.
  [[nodiscard]] bool judged_by_another(const Replies& replies);
  void let_join() noexcept;
  void end_without_memory() noexcept;
  void end(Result<std::int64_t> outcome) noexcept;

  Cluster& cluster_;
  RefusedCounts& refused_;
  const std::string key_;
  const std::int64_t by_;
  const Deadline deadline_;
  Counting counting_;
  bool can_be_joined_ = false;
  // What was refused with it, and is settled with it: guarded by `refused_` while it can be joined.
  std::vector<Companion> companions_{};
};

}  // namespace cachekit::memcached
