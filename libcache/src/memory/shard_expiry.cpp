// How long entries have to live, and what becomes of those that have lived.

#include "memory/limits.hpp"
#include "memory/shard.hpp"

#include <utility>

namespace cachekit::memory {

bool Shard::exists(const HashedKey& key) { return expires_at(key).has_value(); }

std::optional<Time> Shard::expires_at(const HashedKey& key) {
  {
    const Reading lock(lock_);
    if (is_home_of(key)) {
      const Entry* const entry = find(key);
      if (entry == nullptr || entry->expired(runtime_.now())) return std::nullopt;
      return entry->expires_at();
    }
  }
  return table_.home_of(key).expires_at(key);
}

bool Shard::touch(const HashedKey& key, Time expires_at, RemovedEntries& gone) {
  EntryReference large;
  EntryPtr ready;
  // Again for a large value, once it is copied, or if it was replaced meanwhile.
  while (true) {
    if (large) ready = make_entry(*heap_, key, large->value(), expires_at);
    const Time now = runtime_.now();
    const Writing lock(lock_);
    if (!is_home_of(key)) break;
    begin_write(now, gone);
    const std::optional<bool> outcome = touch_locked(key, expires_at, now, large, ready, gone);
    if (outcome) return *outcome;
  }
  return table_.home_of(key).touch(key, expires_at, gone);
}

// Empty where a value has to be copied first: `large` holds it then.
std::optional<bool> Shard::touch_locked(const HashedKey& key, Time expires_at, Time now,
                                        EntryReference& large, EntryPtr& ready,
                                        RemovedEntries& gone) {
  Entry* const entry = find_alive(key, now, gone);
  if (entry == nullptr) return false;
  if (!entry->expires && expires_at != no_expiry) {  // It has no room for an expiry.
    if (entry_charge(key.text.size(), entry->value_size, true) > bounds_.bytes) {
      drop(*entry, RemovalCause::evicted, gone);  // With one it is more than a shard may hold.
      ++stats_.evictions;
      ++stats_.changes;
      return false;
    }
    if (entry->value_size < large_value) {
      ready = make_entry(*heap_, key, entry->value(), expires_at);
    } else if (large.get() != entry) {
      retain(*entry);
      large.reset(entry);
      return std::nullopt;
    }
    ++stats_.changes;
    store(std::move(ready), entry, now, gone, std::nullopt);
    return true;
  }
  ++stats_.changes;
  use(*entry);
  if (entry->expires) {
    wheel_.remove(*entry);
    entry->expiry().at = expires_at;
    wheel_.add(*entry);
  }
  return true;
}

// True when there was one, and perhaps more; `steps` bounds the work.
bool Shard::drop_expired(Time now, std::size_t& steps, RemovedEntries& gone) noexcept {
  Entry* const entry = wheel_.due(now, steps);
  if (entry == nullptr) return false;
  drop(*entry, RemovalCause::expired, gone);
  ++stats_.expired;
  return true;
}

// Or as many as the steps allow; what is left of them comes back.
void Shard::drop_all_expired(Time now, std::size_t& steps, RemovedEntries& gone) noexcept {
  while (drop_expired(now, steps, gone)) {
  }
}

}  // namespace cachekit::memory
