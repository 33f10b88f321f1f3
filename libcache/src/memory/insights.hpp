#pragma once

#include "memory/store.hpp"

#include <cachekit/memory.hpp>

#include <string>
#include <utility>
#include <vector>

/// What a store has learnt, as callers are told it.

namespace cachekit::memory {

[[nodiscard]] std::vector<AgeBucket> age_buckets(const AgeCounts<std::uint64_t>& counts);
/// The fields of `stats` that only this backend has.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> raw_stats(
    const Store& store, EvictionPolicy policy, const MemoryInsights& insights);

}  // namespace cachekit::memory
