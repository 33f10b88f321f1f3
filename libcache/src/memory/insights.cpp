#include "memory/insights.hpp"

#include "memory/limits.hpp"

#include <chrono>
#include <optional>

#include <fmt/format.h>

namespace cachekit::memory {
namespace {

// The age that half of the entries are below; empty when there are none.
std::optional<std::chrono::milliseconds> median_age(const std::vector<AgeBucket>& buckets) {
  std::uint64_t all = 0;
  for (const AgeBucket& bucket : buckets) all += bucket.count;
  std::uint64_t below = 0;
  for (const AgeBucket& bucket : buckets) {
    below += bucket.count;
    if (below * 2 >= all) return bucket.below;
  }
  return std::nullopt;
}

}  // namespace

std::vector<AgeBucket> age_buckets(const AgeCounts<std::uint64_t>& counts) {
  std::vector<AgeBucket> buckets;
  for (std::size_t i = 0; i < counts.size; ++i) {
    if (counts.buckets[i] == 0 && buckets.empty()) continue;
    buckets.push_back({.below = counts.end_of(i), .count = counts.buckets[i]});
  }
  while (!buckets.empty() && buckets.back().count == 0) buckets.pop_back();
  return buckets;
}

std::vector<std::pair<std::string, std::string>> raw_stats(const Store& store,
                                                           EvictionPolicy policy,
                                                           const MemoryInsights& insights) {
  std::vector<std::pair<std::string, std::string>> raw{
      {"shards", std::to_string(store.shard_count())},
      {"shard_bytes", std::to_string(store.shard_capacity())},
      {"policy", std::string(to_string(policy))}};
  if (store.bounds().items < max_entries) {
    raw.emplace_back("max_entries", std::to_string(store.bounds().items));
  }
  if (policy == EvictionPolicy::adaptive) {
    raw.emplace_back("admission", store.admission() == Admission::filter ? "filter" : "all");
  }
  if (store.listener_failures() > 0) {
    raw.emplace_back("listener_errors", std::to_string(store.listener_failures()));
  }
  if (store.listener_untold() > 0) {
    raw.emplace_back("listener_untold", std::to_string(store.listener_untold()));
  }
  for (const SizingPoint& point : insights.sizing) {
    if (!point.hit_ratio) continue;
    raw.emplace_back(fmt::format("lru_hit_ratio_at_{}x", point.factor),
                     fmt::format("{:.4f}", *point.hit_ratio));
  }
  if (const auto age = median_age(insights.hit_ages)) {
    raw.emplace_back("age_on_hit_p50_below_ms", std::to_string(age->count()));
  }
  if (const auto age = median_age(insights.eviction_ages)) {
    raw.emplace_back("age_on_eviction_p50_below_ms", std::to_string(age->count()));
  }
  return raw;
}

}  // namespace cachekit::memory
