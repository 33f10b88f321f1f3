#pragma once

#include "expander/cache_budget.hpp"
#include "expander/entry_reading.hpp"
#include "expander/expander_state.hpp"
#include "expander/fetch_plan.hpp"
#include "expander/store_right.hpp"

#include <cachekit/entity.hpp>
#include <cachekit/envelope.hpp>
#include <cachekit/fetched.hpp>
#include <cachekit/loader.hpp>
#include <cachekit/runtime.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace cachekit {

/// What the cache gave, and what it is good for.
struct Found {
  Result<std::optional<std::string>> bytes{};
  EntryReading reading{};

  /// Of a fresh one that is all there is to say.
  [[nodiscard]] FetchInfo info() const {
    FetchInfo info{.miss = reading.miss, .age = reading.age, .remaining = reading.remaining};
    if (reading.standing >= Standing::due && !reading.absent) info.origin = Origin::cache;
    return info;
  }
};

/// What is to be known of a look-up where it is no hit.
struct LookUp {
  Standing standing = Standing::none;
  FetchInfo info{};
  std::optional<std::string> bytes{};  ///< What is there, whether it can be used or not.
  bool absent = false;                 ///< It says that there is no such entity.
  FleetLease lease = FleetLease::none;
  StoreRight right{};  ///< How what is loaded now may be stored.
};

/// The cache as one call of the expander sees it: entries in envelopes under one key, outcomes
/// counted, and one budget for everything that the call asks of it.
///
/// Threads: one at a time; made anew for each call.
class CacheAccess {
 public:
  CacheAccess(ExpanderState& state, std::string_view key);

  /// Looks the entry up and has `job` decode it. Unless `none`, `job` now has the value; of a fresh
  /// one also the bytes.
  [[nodiscard]] Found find(const EntityKind& kind, const FetchPolicy& policy,
                           detail::FetchJob& job);
  /// What follows from that.
  [[nodiscard]] LookUp judge(Found found) const;
  [[nodiscard]] LookUp look_up(const EntityKind& kind, const FetchPolicy& policy,
                               detail::FetchJob& job);
  /// The same once more, which counts as nothing: the call has been a miss. Of a key without an
  /// entry it takes the lease, where the backend has leases.
  [[nodiscard]] LookUp look_again(const EntityKind& kind, const FetchPolicy& policy,
                                  detail::FetchJob& job);
  /// What these make of the cache's reply, for who has asked for many keys at once.
  [[nodiscard]] LookUp looked_up(Result<std::optional<std::string>> reply, const EntityKind& kind,
                                 const FetchPolicy& policy, detail::FetchJob& job) const;
  [[nodiscard]] LookUp looked_again(Result<std::optional<std::string>> reply,
                                    const EntityKind& kind, const FetchPolicy& policy,
                                    detail::FetchJob& job) const;
  [[nodiscard]] LookUp looked_again(Result<Leased> reply, const EntityKind& kind,
                                    const FetchPolicy& policy, detail::FetchJob& job) const;
  /// Has `job` decode what is in an envelope.
  [[nodiscard]] EntryReading read(std::string_view bytes, const EntityKind& kind,
                                  const FetchPolicy& policy, detail::FetchJob& job,
                                  std::string* spent = nullptr) const;

  /// A payload in its envelope, created now. Errors: the payload's, `too_large`.
  [[nodiscard]] Result<std::string> wrap(EnvelopeView envelope, Result<std::string> payload,
                                         Ttl ttl) const;
  /// False: there is something newer, or there was. Where there is no right to store, the entry is
  /// removed. Errors: as the backend's `set`; `timeout` when earlier steps left nothing of the
  /// budget.
  [[nodiscard]] Result<bool> store(std::string_view envelope, Ttl ttl, StoreRight& right);
  /// Ends a lease that stores nothing, so that another process need not wait for it.
  void give_back(StoreRight& right);
  /// True when there was an entry. Errors: as `store`.
  [[nodiscard]] Result<bool> drop();

  /// Makes all loads of the key that are under way void, and removes its entry. What does not
  /// reach the cache is kept for later. Errors: as `drop`.
  [[nodiscard]] Result<bool> invalidate();
  /// What an invalidation is behind the removal that this is the outcome of; flights have been
  /// fenced before that. Errors: the removal's.
  [[nodiscard]] Result<bool> invalidated(Result<bool> removed);
  /// The same by storing something newer. Errors: as `store`.
  [[nodiscard]] Result<void> replace(std::string_view envelope, Ttl ttl);
  /// Whether the cache can be believed: an invalidation that is still pending is tried once more
  /// now. Errors: as `drop`.
  [[nodiscard]] Result<void> make_trusted();

  /// A new budget, for another time that the cache is asked.
  void renew_budget() noexcept { budget_.renew(); }

  /// This process's turn to write the key. Errors: `timeout`.
  [[nodiscard]] Result<KeyLocks::Held> lock();

 private:
  using Timeout = CacheBudget::Timeout;

  template <typename Call>
  auto within_budget(const Call& call) -> decltype(call(Timeout()));
  [[nodiscard]] Result<std::optional<std::string>> get();
  [[nodiscard]] UnixMillis wall() const noexcept;
  [[nodiscard]] Found found_in(Result<std::optional<std::string>> reply, const EntityKind& kind,
                               const FetchPolicy& policy, detail::FetchJob& job, bool spends) const;
  void count(const Found& found) const noexcept;
  [[nodiscard]] Error kept(Error error);

  ExpanderState& state_;
  CacheBudget budget_;
  std::string_view key_;
};

}  // namespace cachekit
