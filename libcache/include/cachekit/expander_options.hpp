#pragma once

#include <cachekit/export.hpp>
#include <cachekit/fetch_policy.hpp>
#include <cachekit/runtime.hpp>
#include <cachekit/ttl.hpp>
#include <cachekit/ttl_policy.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string_view>

namespace cachekit {

/// Who is asked for an entity, and in which order.
enum class Strategy : std::uint8_t {
  fresh,       ///< The cache alone; the loader is not called.
  refresh,     ///< The cache, then the source, whose answer is stored.
  invalidate,  ///< The entry is dropped, the source asked, its answer stored.
  bypass,      ///< The source alone; the cache is neither read nor changed.
};

/// "fresh", "refresh", "invalidate" or "bypass".
[[nodiscard]] CACHEKIT_API std::string_view to_string(Strategy strategy) noexcept;

/// What one `fetch` may be told.
struct FetchOptions {
  Strategy strategy = Strategy::refresh;
  std::optional<Ttl> ttl = std::nullopt;  ///< Of what is stored; empty: as the TTL policy says.
  unsigned loader_retries = 0;            ///< How often a loader that failed is called again.
  /// How long to wait for another caller's load, at most; empty: as the policy says.
  std::optional<std::chrono::milliseconds> wait_timeout = std::nullopt;
  /// Withdraws the call: one that waits is `cancelled` at once, and a loader is told.
  std::stop_token stop{};
  /// In the place of `ExpanderOptions::policy`, for this call.
  std::optional<FetchPolicy> policy = std::nullopt;
};

/// What one `put` may be told.
struct PutOptions {
  std::optional<Ttl> ttl = std::nullopt;  ///< Empty: as the TTL policy says.
};

/// How a `CacheExpander` works. All fields have working defaults.
struct ExpanderOptions {
  TtlPolicy ttl{};
  FetchPolicy policy{};
  /// The most that the cache may add to one call, reading and storing together. Small, because the
  /// source answers when the cache does not; raise it where connecting alone takes longer.
  std::chrono::milliseconds cache_timeout = std::chrono::milliseconds(100);
  /// How many keys whose invalidation could not reach the cache are kept, to be invalidated as soon
  /// as it can be reached; until then no entry of theirs is used.
  std::size_t max_pending_invalidations = 10'000;
  /// How many loads may go on in the background, each on a thread of its own; one more stays with
  /// its caller for as long as it takes. The end of the expander tells them to stop, and waits.
  std::size_t max_background_loads = 64;
  /// Waits between a loader's failure and its next call; is told how often it has failed. Empty: a
  /// random pause of up to 20 ms, doubled with each failure, at most 1 s.
  std::function<void(unsigned failures)> backoff{};
  /// Lifetime: must outlive the expander.
  Runtime* runtime = &Runtime::current();
};

}  // namespace cachekit
