#pragma once

#include "memcached/cluster.hpp"
#include "memcached/counting.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/pending.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace cachekit::memcached {

/// Counts up without a caller who waits: takes one step after another on the driver's thread.
///
/// Lifetime: it keeps itself until it is settled, which is before the cluster ends. Threads: the
/// steps are one at a time; a caller may wait, leave or cancel meanwhile.
class CountingCall final : public detail::PendingState<std::int64_t> {
 public:
  using Report = std::function<void(const Result<std::int64_t>&)>;

  CountingCall(Cluster& cluster, std::string_view key, std::int64_t by, Deadline deadline,
               Report report);

  /// Requires: once, before anything else. `stop` withdraws the call.
  void start(std::stop_token stop);

  [[nodiscard]] bool ready() const noexcept override;
  void wait() override;
  void cancel() override { stop_.request_stop(); }
  [[nodiscard]] bool leave(std::unique_ptr<detail::Continuation>& next) override;

 private:
  enum class Stage : std::uint8_t { under_way, left, settled };
  struct Stop {
    std::stop_source source;
    void operator()() noexcept { source.request_stop(); }
  };

  /// Errors: throws `std::bad_alloc`.
  void go_on(const std::optional<Command>& next);
  void settle(Result<std::int64_t> outcome) noexcept;
  void settle_inherited() noexcept;

  Cluster& cluster_;
  const std::string key_;
  const Deadline deadline_;
  const Report report_;
  const std::uint32_t generation_;  // Of the process that started it.
  Counting counting_;
  std::stop_source stop_;
  std::optional<std::stop_callback<Stop>> stop_of_caller_;
  std::unique_ptr<detail::Continuation> next_;
  std::atomic<Stage> stage_{Stage::under_way};
};

}  // namespace cachekit::memcached
