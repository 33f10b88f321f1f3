#pragma once

#include "core/mutex.hpp"

#include <cachekit/error.hpp>
#include <cachekit/runtime.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace cachekit {

/// Remembers for which keys the source has just failed, so that it is not asked by every call.
///
/// Threads: any. Limits: `most` keys; with more than that some are forgotten, which costs a load.
/// Cost of asking while none has failed: one load.
class Throttle {
 public:
  static constexpr std::size_t most = 10'000;

  explicit Throttle(const Runtime& runtime) noexcept : runtime_(runtime) {}

  void failed(std::string_view key, const Error& error, std::chrono::milliseconds pause);
  void succeeded(std::string_view key) noexcept;
  /// Why the source is not to be asked now; empty: it may be.
  [[nodiscard]] std::optional<Error> recent_failure(std::string_view key) const;

 private:
  struct Failure {
    Runtime::steady_time until{};
    Error error{};
  };
  void make_room(Runtime::steady_time now) CACHEKIT_REQUIRES(mutex_);

  const Runtime& runtime_;
  std::atomic<std::size_t> count_{0};
  mutable core::Mutex mutex_;
  std::map<std::string, Failure, std::less<>> failures_ CACHEKIT_GUARDED_BY(mutex_);
};

}  // namespace cachekit
