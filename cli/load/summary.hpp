#pragma once

#include "load/report.hpp"
#include "load/worker.hpp"

#include <span>

namespace cachekit::cli {

/// What was measured around the callers.
struct BenchFigures {
  double seconds = 0;
  double cpu_seconds = 0;
};

/// Puts the callers' tallies together.
[[nodiscard]] BenchReport summarise(std::span<const BenchWorker* const> workers,
                                    const BenchFigures& figures, bool verify);

}  // namespace cachekit::cli
