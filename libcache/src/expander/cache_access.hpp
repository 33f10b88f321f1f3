#pragma once

#include <cachekit/backend.hpp>
#include <cachekit/entity.hpp>
#include <cachekit/envelope.hpp>
#include <cachekit/fetched.hpp>
#include <cachekit/loader.hpp>
#include <cachekit/metrics.hpp>
#include <cachekit/runtime.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace cachekit {

/// The cache as one call of the expander sees it: entries in envelopes under one key, outcomes
/// counted, and one budget for everything that the call asks of it.
///
/// Threads: one at a time; made anew for each call.
class CacheAccess {
 public:
  CacheAccess(CacheBackend& backend, CacheMetrics& metrics, const Runtime& runtime,
              std::chrono::milliseconds budget, std::string_view key);

  /// Looks the entry up and has `job` decode it. `miss` is `none` when `job` now has the value.
  [[nodiscard]] FetchInfo look_up(const EntityKind& kind, detail::FetchJob& job);
  /// A payload that could not be encoded counts as any other failure to store.
  /// Errors: the payload's; as the backend's `set`; `timeout` when earlier steps left nothing of
  /// the budget.
  [[nodiscard]] Result<void> store(const EntityKind& kind, Result<std::string> payload, Ttl ttl,
                                   std::chrono::microseconds load_cost);
  /// True when there was an entry. Errors: as `store`.
  [[nodiscard]] Result<bool> drop();

 private:
  template <typename Call>
  auto within_budget(const Call& call) -> decltype(call(std::chrono::milliseconds()));
  [[nodiscard]] UnixMillis wall() const noexcept;

  CacheBackend& backend_;
  CacheMetrics& metrics_;
  const Runtime& runtime_;
  std::chrono::nanoseconds left_;
  std::string_view key_;
};

}  // namespace cachekit
