// Who loads a key that has no entry. A lease and an entry of one key are never there together: what
// stores an entry voids the lease of its key, as does what removes one.

#include "memory/limits.hpp"
#include "memory/shard.hpp"

#include <algorithm>
#include <utility>

namespace cachekit::memory {

Leased Shard::lease(const HashedKey& key, std::chrono::milliseconds span, EntryReference& found,
                    RemovedEntries& gone) {
  const Time now = runtime_.now();
  {
    const Writing lock(lock_);
    if (is_home_of(key)) {
      begin_write(now, gone);
      Entry* const entry = find_alive(key, now, gone);
      if (entry == nullptr) return lease_locked(key, span, now);
      retain(*entry);
      found.reset(entry);
      use(*entry);
      return {};
    }
  }
  return table_.home_of(key).lease(key, span, found, gone);
}

Leased Shard::lease_locked(const HashedKey& key, std::chrono::milliseconds span, Time now) {
  if (!leases_) leases_ = std::make_unique<LeaseTable>();
  if (const LeaseTable::Lease* const held = leases_->find(key.hash, now)) {
    return {.ends_in = std::chrono::ceil<std::chrono::milliseconds>(held->ends_at - now)};
  }
  return {.token = leases_->grant(key.hash, now, now + span).token, .ends_in = span};
}

bool Shard::holds_lease(const HashedKey& key, LeaseToken token, Time now) const noexcept {
  const LeaseTable::Lease* const held = leases_ ? leases_->find(key.hash, now) : nullptr;
  return held != nullptr && held->token == token;
}

Result<bool> Shard::set_leased(const NewValue& value, LeaseToken token, RemovedEntries& gone) {
  const Time now = runtime_.now();
  EntryPtr ready = make_if_large(value);
  {
    const Writing lock(lock_);
    if (is_home_of(value.key)) {
      begin_write(now, gone);
      if (!holds_lease(value.key, token, now)) return false;
      return set_locked(value, now, ready, gone);
    }
  }
  return table_.home_of(value.key).set_leased(value, token, gone);
}

bool Shard::drop_lease(const HashedKey& key, LeaseToken token) {
  const Time now = runtime_.now();
  {
    const Writing lock(lock_);
    if (is_home_of(key)) {
      const bool held = holds_lease(key, token, now);
      if (held) void_lease(key);
      return held;
    }
  }
  return table_.home_of(key).drop_lease(key, token);
}

}  // namespace cachekit::memory
