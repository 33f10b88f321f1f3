#pragma once

#include <cachekit/loader.hpp>
#include <cachekit/metrics.hpp>
#include <cachekit/runtime.hpp>

#include <chrono>
#include <functional>
#include <stop_token>

namespace cachekit {

/// What came of asking the source.
struct Loaded {
  bool present = false;
  std::chrono::microseconds cost{0};  ///< Of the call that succeeded.
};

/// The bound of the random pause after so many failures, where the options name no backoff.
/// Requires: failures > 0.
[[nodiscard]] std::chrono::milliseconds longest_pause(unsigned failures) noexcept;

/// Sleeps for half the time to one and a half of it, by chance.
void pause_about(std::chrono::milliseconds span, Runtime& runtime);

/// Asks the source by `call`, and again after a failure, unless stopped, as often as `retries`
/// says; counts every call. Errors: the last call's.
[[nodiscard]] Result<Loaded> load(const std::function<Result<bool>()>& call,
                                  const std::stop_token& stop, unsigned retries,
                                  const std::function<void(unsigned)>& backoff,
                                  CacheMetrics& metrics, Runtime& runtime);

/// Calls the loader, and again after a failure as often as `retries` says; counts every call.
/// Errors: `loader_failed`, the last call's.
[[nodiscard]] Result<Loaded> load(detail::FetchJob& job, LoadContext& context, unsigned retries,
                                  const std::function<void(unsigned)>& backoff,
                                  CacheMetrics& metrics, Runtime& runtime);

}  // namespace cachekit
