#pragma once

#include "memory/keyed_hash.hpp"
#include "memory/shard.hpp"

#include <cachekit/backend.hpp>
#include <cachekit/clock.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::memory {

/// The entries of a cache, spread over shards by a keyed hash. No call locks two shards at once.
///
/// Threads: all members may be called from any thread at once.
class Store {
 public:
  Store(std::size_t shards, std::uint64_t capacity, const Clock& clock);

  [[nodiscard]] std::optional<std::string> get(std::string_view key);
  [[nodiscard]] bool exists(std::string_view key);
  [[nodiscard]] std::optional<Ttl> ttl(std::string_view key);
  [[nodiscard]] bool touch(std::string_view key, Ttl ttl);
  /// Errors: `too_large`; nothing has changed then.
  [[nodiscard]] Result<bool> set(const SetItem& item, SetCondition condition);
  [[nodiscard]] bool remove(std::string_view key);
  [[nodiscard]] Result<std::int64_t> increment(std::string_view key, std::int64_t by);
  void clear();
  /// Requires: `page_size` is not 0.
  void scan(const ScanOptions& options, const CacheBackend::KeyVisitor& visit) const;

  /// Takes an entry in as it was saved; false when it is too large.
  [[nodiscard]] bool restore(std::string_view key, std::string_view value, Time expires_at,
                             Time used_at);
  /// Copies of all entries that are alive, the least recently used first.
  [[nodiscard]] std::vector<EntryPtr> copies() const;
  /// Grows with every change that callers make.
  [[nodiscard]] std::uint64_t changes() const;

  [[nodiscard]] ShardStats stats();
  [[nodiscard]] Result<void> validate() const;

  [[nodiscard]] std::size_t shard_count() const noexcept { return shards_.size(); }
  /// What one entry may take at most.
  [[nodiscard]] std::size_t shard_capacity() const noexcept { return shard_capacity_; }

 private:
  [[nodiscard]] HashedKey hashed(std::string_view key) const noexcept {
    return {key, keyed_hash(seed_, key)};
  }
  [[nodiscard]] Shard& shard_of(const HashedKey& key) noexcept;

  const Clock& clock_;
  const HashSeed seed_;
  const std::size_t shard_capacity_;
  std::deque<Shard> shards_;  // Never resized; a deque because shards cannot move.
};

}  // namespace cachekit::memory
