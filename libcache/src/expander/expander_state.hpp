#pragma once

#include "expander/background.hpp"
#include "expander/flight_table.hpp"
#include "expander/key_locks.hpp"
#include "expander/pending_invalidations.hpp"
#include "expander/throttle.hpp"

#include <cachekit/backend.hpp>
#include <cachekit/expander_options.hpp>
#include <cachekit/metrics.hpp>

#include <utility>

namespace cachekit {

/// What all calls of one expander share. Threads: any.
struct ExpanderState {
  ExpanderState(CacheBackend& cache, ExpanderOptions given)
      : backend(cache),
        options(std::move(given)),
        can(cache.capabilities()),
        flights(*options.clock),
        pending(options.max_pending_invalidations),
        throttle(*options.clock),
        background(options.max_background_loads) {}

  CacheBackend& backend;
  const ExpanderOptions options;
  const Capabilities can;
  CacheMetrics metrics{};
  FlightTable flights;
  KeyLocks writes{};
  PendingInvalidations pending;
  Throttle throttle;
  Background background;  // Ends first: what it does uses the others.
};

}  // namespace cachekit
