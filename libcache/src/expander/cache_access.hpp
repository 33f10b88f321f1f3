#pragma once

#include "expander/expander_state.hpp"
#include "expander/fetch_plan.hpp"

#include <cachekit/clock.hpp>
#include <cachekit/entity.hpp>
#include <cachekit/envelope.hpp>
#include <cachekit/fetched.hpp>
#include <cachekit/loader.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace cachekit {

/// What a look-up found.
struct LookUp {
  Standing standing = Standing::none;
  FetchInfo info{};
  std::optional<std::string> bytes{};  ///< What is there, whether it can be used or not.
};

/// The cache as one call of the expander sees it: entries in envelopes under one key, outcomes
/// counted, and one budget for everything that the call asks of it.
///
/// Threads: one at a time; made anew for each call.
class CacheAccess {
 public:
  CacheAccess(ExpanderState& state, std::string_view key);

  /// Looks the entry up and has `job` decode it. `fresh` when `job` now has the value.
  [[nodiscard]] LookUp look_up(const EntityKind& kind, detail::FetchJob& job);
  /// The same once more, which counts as nothing: the call has been a miss.
  [[nodiscard]] LookUp look_again(const EntityKind& kind, detail::FetchJob& job);
  /// Has `job` decode what is in an envelope. `none` where that can be used.
  [[nodiscard]] MissReason read(std::string_view bytes, const EntityKind& kind,
                                detail::FetchJob& job, FetchInfo& info) const;

  /// A payload in its envelope, created now. Errors: the payload's, `too_large`.
  [[nodiscard]] Result<std::string> wrap(const EntityKind& kind, Result<std::string> payload,
                                         Ttl ttl, std::chrono::microseconds load_cost) const;
  /// Errors: as the backend's `set`; `timeout` when earlier steps left nothing of the budget.
  [[nodiscard]] Result<void> store(std::string_view envelope, Ttl ttl);
  /// True when there was an entry. Errors: as `store`.
  [[nodiscard]] Result<bool> drop();

  /// This process's turn to write the key. Errors: `timeout`.
  [[nodiscard]] Result<KeyLocks::Held> lock();

 private:
  template <typename Call>
  auto within_budget(const Call& call) -> decltype(call(std::chrono::milliseconds()));
  [[nodiscard]] UnixMillis wall() const noexcept;
  [[nodiscard]] LookUp find(const EntityKind& kind, detail::FetchJob& job);

  ExpanderState& state_;
  std::chrono::nanoseconds left_;
  std::string_view key_;
};

}  // namespace cachekit
