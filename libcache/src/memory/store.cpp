#include "memory/store.hpp"

#include <cachekit/units.hpp>

#include <algorithm>

#include <fmt/format.h>

namespace cachekit::memory {
namespace {

// No lock is held for longer than it takes to look at this many keys, whatever the caller asks for.
constexpr std::size_t largest_page = 4096;

Time expiry_of(const Ttl& ttl, Time now) noexcept {
  return ttl.expires() ? now + ttl.duration() : no_expiry;
}

}  // namespace

Store::Store(std::size_t shards, std::uint64_t capacity, const Clock& clock)
    : clock_(clock),
      seed_(process_seed()),
      shard_capacity_(static_cast<std::size_t>(capacity / shards)) {
  for (std::size_t i = 0; i < shards; ++i) shards_.emplace_back(shard_capacity_);
}

std::optional<std::string> Store::get(std::string_view key) {
  const HashedKey hashed_key = hashed(key);
  return shard_of(hashed_key).get(hashed_key, clock_.now());
}

bool Store::exists(std::string_view key) {
  const HashedKey hashed_key = hashed(key);
  return shard_of(hashed_key).exists(hashed_key, clock_.now());
}

std::optional<Ttl> Store::ttl(std::string_view key) {
  const HashedKey hashed_key = hashed(key);
  const Time now = clock_.now();
  const std::optional<Time> expires_at = shard_of(hashed_key).expires_at(hashed_key, now);
  if (!expires_at) return std::nullopt;
  return *expires_at == no_expiry ? Ttl::none() : Ttl(*expires_at - now);
}

bool Store::touch(std::string_view key, Ttl ttl) {
  const HashedKey hashed_key = hashed(key);
  const Time now = clock_.now();
  return shard_of(hashed_key).touch(hashed_key, expiry_of(ttl, now), now);
}

Result<bool> Store::set(const SetItem& item, SetCondition condition) {
  const std::size_t charge = entry_charge(item.key.size(), item.value.size());
  if (charge > shard_capacity_) {
    return fail(Errc::too_large,
                fmt::format("an entry of {} bytes is more than the {} that one shard may hold",
                            charge, format_bytes({shard_capacity_})),
                {}, "raise the capacity, or use fewer shards");
  }
  const HashedKey key = hashed(item.key);
  const Time now = clock_.now();
  return shard_of(key).set(make_entry(key, item.value, expiry_of(item.ttl, now), now), condition,
                           now);
}

bool Store::remove(std::string_view key) {
  const HashedKey hashed_key = hashed(key);
  return shard_of(hashed_key).remove(hashed_key, clock_.now());
}

Result<std::int64_t> Store::increment(std::string_view key, std::int64_t by) {
  const HashedKey hashed_key = hashed(key);
  return shard_of(hashed_key).increment(hashed_key, by, clock_.now());
}

void Store::clear() {
  for (Shard& shard : shards_) shard.clear();
}

void Store::scan(const ScanOptions& options, const CacheBackend::KeyVisitor& visit) const {
  const std::size_t limit = std::min(options.page_size, largest_page);
  for (const Shard& shard : shards_) {
    std::size_t from = Shard::scan_start;
    while (from > 0) {
      const ScanPage page = shard.scan(options.pattern, from, limit, clock_.now());
      for (const std::string& key : page.keys) {
        if (!visit(key)) return;
      }
      from = page.next;
    }
  }
}

bool Store::restore(std::string_view key, std::string_view value, Time expires_at, Time used_at) {
  if (entry_charge(key.size(), value.size()) > shard_capacity_) return false;
  const HashedKey hashed_key = hashed(key);
  return shard_of(hashed_key)
      .set(make_entry(hashed_key, value, expires_at, used_at), SetCondition::always, clock_.now());
}

std::vector<EntryPtr> Store::copies() const {
  std::vector<EntryPtr> copies;
  const Time now = clock_.now();
  for (const Shard& shard : shards_) shard.copy_to(copies, now);
  std::stable_sort(copies.begin(), copies.end(),
                   [](const EntryPtr& a, const EntryPtr& b) { return a->used_at < b->used_at; });
  return copies;
}

std::uint64_t Store::changes() const {
  std::uint64_t changes = 0;
  for (const Shard& shard : shards_) changes += shard.changes();
  return changes;
}

ShardStats Store::stats() {
  ShardStats total;
  const Time now = clock_.now();
  for (Shard& shard : shards_) {
    const ShardStats part = shard.stats(now);
    total.items += part.items;
    total.bytes += part.bytes;
    total.hits += part.hits;
    total.misses += part.misses;
    total.evictions += part.evictions;
    total.expired += part.expired;
    total.changes += part.changes;
  }
  return total;
}

Result<void> Store::validate() const {
  for (const Shard& shard : shards_) {
    if (Result<void> sound = shard.validate(); !sound) return sound;
  }
  return {};
}

Shard& Store::shard_of(const HashedKey& key) noexcept {
  // The upper half of the hash chooses the shard, so that the lower bits stay free for its index.
  return shards_[static_cast<std::size_t>(((key.hash >> 32U) * shards_.size()) >> 32U)];
}

}  // namespace cachekit::memory
