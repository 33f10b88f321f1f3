#include "expander/cache_access.hpp"

#include "core/count_outcome.hpp"
#include "core/envelope.hpp"

#include <cachekit/runtime.hpp>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace cachekit {
namespace {

using Event = CacheMetrics::Event;

}  // namespace

CacheAccess::CacheAccess(ExpanderState& state, std::string_view key)
    : state_(state), budget_(state), key_(key) {}

UnixMillis CacheAccess::wall() const noexcept {
  return std::chrono::floor<std::chrono::milliseconds>(state_.options.runtime->wall());
}

template <typename Call>
auto CacheAccess::within_budget(const Call& call) -> decltype(call(Timeout())) {
  if (budget_.is_spent()) return fail(budget_.why_spent());
  return budget_.spend(call);
}

Result<std::optional<std::string>> CacheAccess::get() {
  return within_budget(
      [&](Timeout timeout) { return state_.backend.get(key_, {.timeout = timeout}); });
}

EntryReading CacheAccess::read(std::string_view bytes, const EntityKind& kind,
                               const FetchPolicy& policy, detail::FetchJob& job,
                               std::string* spent) const {
  const auto now =
      std::chrono::floor<std::chrono::milliseconds>(state_.options.runtime->coarse_wall());
  return read_entry(bytes, kind, policy, now, state_.draws,
                    state_.in_process ? Trust::own : Trust::checked, job, spent);
}

Found CacheAccess::found_in(Result<std::optional<std::string>> reply, const EntityKind& kind,
                            const FetchPolicy& policy, detail::FetchJob& job, bool spends) const {
  Found found{.bytes = std::move(reply)};
  if (found.bytes && *found.bytes) {
    std::string& bytes = **found.bytes;
    found.reading = read(bytes, kind, policy, job, spends ? &bytes : nullptr);
  } else {
    found.reading.miss = found.bytes ? MissReason::absent : MissReason::cache_error;
  }
  return found;
}

Found CacheAccess::find(const EntityKind& kind, const FetchPolicy& policy, detail::FetchJob& job) {
  Found found = found_in(get(), kind, policy, job, true);
  count(found);
  return found;
}

void CacheAccess::count(const Found& found) const noexcept {
  const EntryReading& reading = found.reading;
  state_.metrics.count(!found.bytes                       ? Event::error
                       : reading.miss == MissReason::none ? Event::hit
                                                          : Event::miss);
  if (reading.absent && reading.miss == MissReason::none) state_.metrics.count(Event::negative_hit);
}

LookUp CacheAccess::judge(Found found) const {
  LookUp judged{.standing = found.reading.standing, .info = found.info()};
  judged.absent = found.reading.absent;
  if (!found.bytes) {
    judged.info.cache_error = std::move(found.bytes).error();
    if (state_.can.leases) judged.right.kind = StoreRight::Kind::none;
    return judged;
  }
  judged.bytes = *std::move(found.bytes);
  if (judged.bytes && state_.can.compare_and_set) judged.right.kind = StoreRight::Kind::replace;
  return judged;
}

LookUp CacheAccess::look_up(const EntityKind& kind, const FetchPolicy& policy,
                            detail::FetchJob& job) {
  return judge(find(kind, policy, job));
}

LookUp CacheAccess::looked_up(Result<std::optional<std::string>> reply, const EntityKind& kind,
                              const FetchPolicy& policy, detail::FetchJob& job) const {
  Found found = found_in(std::move(reply), kind, policy, job, true);
  count(found);
  return judge(std::move(found));
}

LookUp CacheAccess::look_again(const EntityKind& kind, const FetchPolicy& policy,
                               detail::FetchJob& job) {
  if (!state_.can.leases) return looked_again(get(), kind, policy, job);
  auto leased = within_budget([&](Timeout timeout) {
    const operation::LeaseGet get{.key = key_, .lease_ttl = policy.load_lease};
    return state_.backend.run(get, {.timeout = timeout});
  });
  return looked_again(std::move(leased), kind, policy, job);
}

LookUp CacheAccess::looked_again(Result<Leased> reply, const EntityKind& kind,
                                 const FetchPolicy& policy, detail::FetchJob& job) const {
  const bool missed = reply && !reply->value;
  const bool granted = missed && reply->token.has_value();
  const LeaseToken token = granted ? *reply->token : LeaseToken{};
  LookUp found = looked_again(
      std::move(reply).map([](Leased&& one) { return std::move(one.value); }), kind, policy, job);
  if (missed) found.lease = granted ? FleetLease::granted : FleetLease::taken;
  if (granted) found.right = {.kind = StoreRight::Kind::lease, .token = token};
  return found;
}

LookUp CacheAccess::looked_again(Result<std::optional<std::string>> reply, const EntityKind& kind,
                                 const FetchPolicy& policy, detail::FetchJob& job) const {
  LookUp found = judge(found_in(std::move(reply), kind, policy, job, false));
  if (found.info.cache_error) state_.metrics.count(Event::error);
  return found;
}

Result<std::string> CacheAccess::wrap(EnvelopeView envelope, Result<std::string> payload,
                                      Ttl ttl) const {
  auto wrapped = payload.and_then([&](const std::string& bytes) {
    envelope.created = wall();
    if (ttl.expires()) envelope.expiry = envelope.created + ttl.duration();
    envelope.payload = bytes;
    return encode_envelope(envelope);
  });
  if (!wrapped) state_.metrics.count(Event::error);
  return wrapped;
}

Result<bool> CacheAccess::store(std::string_view envelope, Ttl ttl, StoreRight& right) {
  const StoreRight mine = std::exchange(right, {.kind = StoreRight::Kind::none});
  if (mine.kind == StoreRight::Kind::none) return drop().map([](bool) { return false; });
  auto stored = within_budget([&](Timeout timeout) -> Result<bool> {
    switch (mine.kind) {
      case StoreRight::Kind::lease:
        return state_.backend.run(
            operation::LeaseSet{.key = key_, .token = mine.token, .value = envelope, .ttl = ttl},
            {.timeout = timeout});
      case StoreRight::Kind::replace:
        return state_.backend.run(
            operation::CompareAndSet{
                .key = key_, .expected = mine.seen, .value = envelope, .ttl = ttl},
            {.timeout = timeout});
      case StoreRight::Kind::any:
      case StoreRight::Kind::none:
        break;
    }
    return state_.backend.set(key_, envelope, {.ttl = ttl, .timeout = timeout});
  });
  count_outcome<operation::Set>(state_.metrics, stored);
  return stored;
}

void CacheAccess::give_back(StoreRight& right) {
  const StoreRight mine = std::exchange(right, {.kind = StoreRight::Kind::none});
  if (mine.kind != StoreRight::Kind::lease) return;
  static_cast<void>(within_budget([&](Timeout timeout) {
    return state_.backend.run(operation::LeaseDrop{.key = key_, .token = mine.token},
                              {.timeout = timeout});
  }));
}

Result<bool> CacheAccess::drop() {
  auto removed = within_budget(
      [&](Timeout timeout) { return state_.backend.remove(key_, {.timeout = timeout}); });
  count_outcome<operation::Remove>(state_.metrics, removed);
  return removed;
}

// Loads that began before are void at once. Those that begin until the entry is gone may still have
// read it: whoever asks from then on gets nothing of theirs.
Result<bool> CacheAccess::invalidate() {
  state_.flights.fence(key_);
  const Result<KeyLocks::Held> turn = lock();
  return invalidated(turn ? drop() : fail(turn.error()));
}

Result<bool> CacheAccess::invalidated(Result<bool> removed) {
  Result<bool> outcome = removed ? removed : fail(kept(std::move(removed).error()));
  if (outcome) state_.pending.forget(key_);
  state_.flights.fence(key_);
  return outcome;
}

Result<void> CacheAccess::replace(std::string_view envelope, Ttl ttl) {
  state_.flights.fence(key_);
  const Result<KeyLocks::Held> turn = lock();
  StoreRight always;
  Result<bool> stored = turn ? store(envelope, ttl, always) : fail(turn.error());
  Result<void> outcome;
  if (stored) {
    state_.pending.forget(key_);
  } else {
    outcome = fail(kept(std::move(stored).error()));
  }
  state_.flights.fence(key_);
  return outcome;
}

Result<void> CacheAccess::make_trusted() {
  if (!state_.pending.contains(key_)) return {};
  state_.repeater.arm();
  const Result<KeyLocks::Held> turn = lock();
  if (!turn) return fail(turn.error());
  if (!state_.pending.contains(key_)) return {};
  Result<bool> removed = drop();
  if (!removed) return fail(std::move(removed).error());
  state_.pending.forget(key_);
  return {};
}

// What an older value may have survived is kept; the error says so.
Error CacheAccess::kept(Error error) {
  if (error.code == Errc::invalid_argument || error.code == Errc::too_large) return error;
  if (state_.pending.add(key_)) {
    state_.repeater.arm();
    error.hint =
        "an older value may still be there; it is removed as soon as the cache can be "
        "reached, and this process does not use it meanwhile";
  } else {
    error.hint = fmt::format(
        "an older value may still be there, and is used: {} others wait to be removed already "
        "(ExpanderOptions::max_pending_invalidations)",
        state_.pending.count());
  }
  return error;
}

Result<KeyLocks::Held> CacheAccess::lock() {
  KeyLocks::Held held = budget_.lock(key_);
  if (!held) return fail(budget_.why_no_turn(key_));
  return held;
}

}  // namespace cachekit
