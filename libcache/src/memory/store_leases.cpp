// Leases, of keys that have no entry.

#include "memory/store.hpp"

#include <utility>

namespace cachekit::memory {

// A hit costs what it costs a get.
Result<Leased> Store::lease_get(const operation::LeaseGet& get) {
  Result<std::optional<std::string>> value = this->get(get.key);
  if (!value) return fail(std::move(value).error());
  if (*value) return Leased{.value = *std::move(value)};
  const HashedKey key = hashed(get.key);
  EntryReference found;
  Leased leased = notifying_removed([&](RemovedEntries& gone) {
    return table_.home_of(key).lease(key, get.lease_ttl.duration(), found, gone);
  });
  if (found) leased.value.emplace(found->value());
  return leased;
}

Result<bool> Store::lease_set(const operation::LeaseSet& set) {
  const HashedKey key = hashed(set.key);
  const Time expires_at = expiry_of(set.ttl);
  return notifying_removed([&](RemovedEntries& gone) {
    return table_.home_of(key).set_leased({key, set.value, expires_at, SetCondition::if_absent},
                                          set.token, gone);
  });
}

bool Store::lease_drop(const operation::LeaseDrop& drop) {
  const HashedKey key = hashed(drop.key);
  return table_.home_of(key).drop_lease(key, drop.token);
}

}  // namespace cachekit::memory
