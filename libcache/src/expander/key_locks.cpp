#include "expander/key_locks.hpp"

namespace cachekit {

KeyLocks::Held KeyLocks::lock(std::string_view key, std::chrono::nanoseconds at_most) {
  std::string mine(key);
  Shard& shard = shard_of(key);
  std::unique_lock lock(shard.mutex);
  if (shard.held.contains(mine)) {
    const auto is_free = [&] { return !shard.held.contains(mine); };
    if (!shard.released.wait_for(lock, at_most, is_free)) return {};
  }
  shard.held.insert(mine);
  return {*this, std::move(mine)};
}

void KeyLocks::unlock(const std::string& key) noexcept {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  shard.held.erase(key);
  shard.released.notify_all();
}

}  // namespace cachekit
