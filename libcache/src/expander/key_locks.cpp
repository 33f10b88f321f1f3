#include "expander/key_locks.hpp"

namespace cachekit {

KeyLocks::KeyLocks(Runtime& runtime) {
  for (Shard& shard : shards_) shard.released = runtime.make_condition();
}

KeyLocks::Held KeyLocks::lock(std::string_view key, Runtime::steady_time until) {
  std::string mine(key);
  Shard& shard = shard_of(key);
  std::unique_lock lock(shard.mutex);
  if (shard.held.contains(mine)) {
    const auto is_free = [&] { return !shard.held.contains(mine); };
    if (!shard.released->wait_until(lock, until, is_free)) return {};
  }
  shard.held.insert(mine);
  return {*this, std::move(mine)};
}

void KeyLocks::unlock(const std::string& key) noexcept {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  shard.held.erase(key);
  shard.released->notify_all();
}

}  // namespace cachekit
