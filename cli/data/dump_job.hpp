#pragma once

#include "data/job.hpp"

#include <cachekit/backend.hpp>

#include <string>

namespace cachekit::cli {

/// Writes what matches as NDJSON and says how it ended. Keys that hold something else than a string
/// are named on the error stream, and make it fail as `rejected` in the end.
[[nodiscard]] JobEnd run_dump(const Job& job, CacheBackend& backend, const std::string& pattern);

}  // namespace cachekit::cli
