#pragma once

#include "bench/bench_arguments.hpp"
#include "data/job.hpp"

#include <cachekit/backend.hpp>

#include <functional>
#include <memory>
#include <optional>

namespace cachekit::cli {

/// Builds the backend to be measured, with a pool of the given size where one is given.
using BenchBackend =
    std::function<Result<std::unique_ptr<CacheBackend>>(std::optional<std::size_t> pool_size)>;

/// Runs the bench once, or once for each value of its sweep, and prints each run when it is over.
[[nodiscard]] JobEnd run_bench_job(const Job& job, const BenchArguments& arguments,
                                   const BenchBackend& make_backend,
                                   std::chrono::milliseconds operation_timeout);

}  // namespace cachekit::cli
