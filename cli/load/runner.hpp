#pragma once

#include "load/options.hpp"
#include "load/report.hpp"
#include "load/worker.hpp"

#include <cachekit/backend.hpp>

#include <functional>

namespace cachekit::cli {

/// Fills the keys, warms up, measures, and removes the keys again. Once `interrupted` says so it
/// ends early and reports what there is.
///
/// Errors: those of connecting and of filling the keys. Errors while measuring are counted.
/// Requires: options that passed `validate`.
[[nodiscard]] Result<BenchReport> run_bench(CacheBackend& backend, const BenchOptions& options,
                                            const std::function<bool()>& interrupted,
                                            const BenchProgress& progress);

}  // namespace cachekit::cli
