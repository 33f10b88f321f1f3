#pragma once

#include "harness/contest.hpp"
#include "servers.hpp"

#include <vector>

namespace cachekit::bench {

// One file a group, each with one of these. A new row is one more Contest in the group's list.
// Lifetime: `servers` must outlive the contests.

/// Redis against hiredis: single gets by one and many threads, batches, latency.
[[nodiscard]] std::vector<Contest> redis_rows(Servers& servers);
/// Redis with many gets under way on one thread.
[[nodiscard]] std::vector<Contest> async_rows(Servers& servers);
/// Redis with one large value among many small ones.
[[nodiscard]] std::vector<Contest> large_value_rows(Servers& servers);
/// Memcached against libmemcached.
[[nodiscard]] std::vector<Contest> memcached_rows(Servers& servers);

/// The in-process cache against a hash map; asks nothing of the servers.
[[nodiscard]] std::vector<Contest> memory_rows(Servers& servers);
/// The expander over the in-process cache against that cache alone; asks nothing of the servers.
[[nodiscard]] std::vector<Contest> expander_rows(Servers& servers);

}  // namespace cachekit::bench
