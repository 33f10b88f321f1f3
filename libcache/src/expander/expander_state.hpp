#pragma once

#include "expander/flight_table.hpp"
#include "expander/key_locks.hpp"

#include <cachekit/backend.hpp>
#include <cachekit/expander_options.hpp>
#include <cachekit/metrics.hpp>

#include <utility>

namespace cachekit {

/// What all calls of one expander share. Threads: any.
struct ExpanderState {
  ExpanderState(CacheBackend& cache, ExpanderOptions given)
      : backend(cache), options(std::move(given)), flights(*options.clock) {}

  CacheBackend& backend;
  const ExpanderOptions options;
  CacheMetrics metrics{};
  FlightTable flights;
  KeyLocks writes{};
};

}  // namespace cachekit
