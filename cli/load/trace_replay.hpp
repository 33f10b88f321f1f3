#pragma once

#include "load/options.hpp"
#include "load/report.hpp"
#include "load/runner.hpp"

#include <cachekit/backend.hpp>

#include <functional>

namespace cachekit::cli {

/// Replays the trace that `options.distribution` names once, in its order: a get, and a set where
/// that missed. What was stored on a server is removed afterwards.
///
/// Errors: those of `TraceReader`, before anything is asked of the backend; those of connecting.
/// Errors while measuring are counted. Requires: options that passed `validate`.
[[nodiscard]] Result<BenchReport> replay_trace(CacheBackend& backend, const BenchOptions& options,
                                               const std::function<bool()>& interrupted,
                                               const BenchProgress& progress);

}  // namespace cachekit::cli
