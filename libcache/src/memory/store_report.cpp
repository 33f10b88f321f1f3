// What a store tells of itself.

#include "memory/limits.hpp"
#include "memory/store.hpp"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

namespace cachekit::memory {

std::vector<ListedEntry> Store::list() const {
  const core::MutexLock lock(resizing_);  // No entry moves from behind us to before us.
  std::vector<ListedEntry> entries;
  // Room is made before the locks, and a little more than is wanted now.
  const auto expected = static_cast<std::size_t>(items());
  entries.reserve(expected + expected / 16);
  std::vector<std::pair<double, std::size_t>> ranks;  // How far ahead in its shard, and which one.
  table_.for_each([&](const Shard& shard) {
    const std::size_t before = entries.size();
    shard.list(entries);
    const auto count = static_cast<double>(entries.size() - before);
    for (std::size_t i = before; i < entries.size(); ++i) {
      ranks.emplace_back(static_cast<double>(i - before) / count, i);
    }
  });
  std::sort(ranks.begin(), ranks.end());
  std::vector<ListedEntry> ordered;
  ordered.reserve(entries.size());
  for (const auto& [rank, i] : ranks) ordered.push_back(std::move(entries[i]));
  return ordered;
}

std::uint64_t Store::changes() const {
  std::uint64_t changes = clears_.load(std::memory_order_relaxed);
  table_.for_each([&](const Shard& shard) { changes += shard.changes(); });
  return changes;
}

std::uint64_t Store::items() const noexcept {
  std::uint64_t items = 0;
  table_.for_each([&](const Shard& shard) { items += shard.items(); });
  return items;
}

ShardStats Store::stats() {
  in_steps([](Shard& shard, RemovedEntries& gone) { return shard.sweep(largest_step, gone); });
  ShardStats total;
  table_.for_each([&](const Shard& shard) {
    const ShardStats part = shard.counts();
    total.items += part.items;
    total.bytes += part.bytes;
    total.evictions += part.evictions;
    total.expired += part.expired;
    total.changes += part.changes;
    for (std::size_t i = 0; i < total.evicted_ages.size; ++i) {
      total.evicted_ages.buckets[i] += part.evicted_ages.buckets[i];
    }
  });
  return total;
}

StoreSummary Store::summary() const {
  StoreSummary summary;
  double items = 0;
  double bytes = 0;
  table_.for_each([&](const Shard& shard) {
    const ShardStats part = shard.counts();
    items += static_cast<double>(part.items);
    bytes += static_cast<double>(part.bytes);
    for (std::size_t i = 0; i < part.evicted_ages.size; ++i) {
      summary.evicted_ages.buckets[i] += part.evicted_ages.buckets[i];
    }
  });
  const Bounds most = bounds();
  summary.room = static_cast<double>(most.items);
  if (bytes > 0)
    summary.room = std::min(summary.room, static_cast<double>(most.bytes) * items / bytes);
  return summary;
}

AgeCounts<std::uint64_t> Store::hit_ages() const {
  AgeCounts<std::uint64_t> total;
  for (const Tally& tally : tallies_) {
    for (std::size_t i = 0; i < total.size; ++i) {
      total.buckets[i] += tally.hit_ages.buckets[i].load(std::memory_order_relaxed);
    }
  }
  return total;
}

Result<void> Store::validate() const {
  const core::MutexLock lock(resizing_);
  Result<void> sound;
  table_.for_each([&](const Shard& shard) {
    if (sound) sound = shard.validate([&](std::string_view key) { return keyed_hash(seed_, key); });
  });
  return sound;
}

}  // namespace cachekit::memory
