#pragma once

#include <cachekit/ttl.hpp>

#include <chrono>
#include <cstddef>
#include <optional>

namespace cachekit {

/// How the misses of an expander are loaded, and how long callers wait. All fields have working
/// defaults; docs/expander.md tells what each is for.
struct FetchPolicy {
  /// TTLs are shorter by a random part of up to so much of them, so that what was stored together
  /// does not expire together. 0: exactly as told.
  double jitter = 0.05;
  /// How long it is kept that the source has no such entity. Empty: not at all.
  std::optional<Ttl> negative_ttl = std::nullopt;
  /// How long an entry may still answer past its TTL: while another caller refreshes it, and where
  /// the source fails or is slow. 0: not at all.
  std::chrono::milliseconds stale_for = std::chrono::milliseconds(0);
  /// Who has an entry that may answer waits so long for its load, and then takes the entry, while
  /// the load goes on in the background. 0: at once. Empty: as long as it takes. The loader is
  /// moved, or copied, into the background: it must own what it uses.
  std::optional<std::chrono::milliseconds> soft_timeout = std::nullopt;
  /// How long anyone waits for a load, his own or another one's; it goes on in the background, as
  /// with `soft_timeout`, and the caller gets a stale value or `timeout`.
  std::optional<std::chrono::milliseconds> hard_timeout = std::nullopt;
  /// For so long after a load has failed the source is not asked again by who has a stale value.
  std::chrono::milliseconds throttle = std::chrono::seconds(1);
  /// Nor by the others, who are told of that failure once more.
  bool throttle_errors = false;
  /// How eagerly entries are loaded anew before they expire, weighted by what their load has cost:
  /// 1 is about once in a fleet and in time, more is earlier. 0: not before they expire.
  double refresh_ahead = 0;
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
