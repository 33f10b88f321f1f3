#pragma once

#include "data/job.hpp"
#include "data/warm_arguments.hpp"

#include <cachekit/backend.hpp>

namespace cachekit::cli {

/// Loads the input into a connected backend, prints the summary, and says how it ended.
/// `operation_timeout` is the budget of one operation; a batch has ten times as much.
[[nodiscard]] JobEnd run_warm(const Job& job, CacheBackend& backend, const WarmArguments& arguments,
                              std::chrono::milliseconds operation_timeout);

}  // namespace cachekit::cli
