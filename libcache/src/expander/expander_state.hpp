#pragma once

#include "expander/background.hpp"
#include "expander/flight_table.hpp"
#include "expander/key_locks.hpp"
#include "expander/pending_invalidations.hpp"
#include "expander/refresh.hpp"
#include "expander/repeater.hpp"
#include "expander/throttle.hpp"

#include <cachekit/backend.hpp>
#include <cachekit/expander_options.hpp>
#include <cachekit/metrics.hpp>

#include <stop_token>

namespace cachekit {

/// What all calls of one expander share. Threads: any.
struct ExpanderState {
  ExpanderState(CacheBackend& cache, ExpanderOptions given);
  ~ExpanderState() { repeater.stop(); }
  ExpanderState(const ExpanderState&) = delete;
  ExpanderState& operator=(const ExpanderState&) = delete;

  CacheBackend& backend;
  const ExpanderOptions options;
  const Capabilities can;
  const bool in_process;  ///< The cache answers at once, and out of this process's own memory.
  CacheMetrics metrics{};
  Draws draws;
  FlightTable flights;
  KeyLocks writes;
  PendingInvalidations pending;
  Throttle throttle;
  Repeater repeater;      ///< Of the pending invalidations.
  Background background;  // Ends first: what it does uses the others.

 private:
  void repeat_invalidations(const std::stop_token& stop);
};

}  // namespace cachekit
