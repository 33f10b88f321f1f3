#pragma once

#include <cachekit/ttl.hpp>

#include <chrono>
#include <cstddef>

namespace cachekit {

/// How the misses of an expander are loaded, and how long callers wait. All fields have working
/// defaults; docs/expander.md tells what each is for.
struct FetchPolicy {
  /// How long one caller's load may keep the others of its key waiting: the lease of a flight.
  /// After that the next one who waits loads, too, and whichever ends first answers all.
  std::chrono::milliseconds load_lease = std::chrono::seconds(10);
  /// How long a caller waits for the load of another one, at most.
  std::chrono::milliseconds wait_timeout = std::chrono::seconds(30);
  /// How long to wait, on average, before the cache is asked again whether another process has
  /// loaded.
  std::chrono::milliseconds poll_interval = std::chrono::milliseconds(20);
  /// How many callers may wait for one load; one more is `overloaded`.
  std::size_t max_waiters = 10'000;
};

}  // namespace cachekit
