#pragma once

#include <cachekit/error.hpp>
#include <cachekit/histogram.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::cli {

/// Latencies in microseconds.
struct LatencySummary {
  double min = 0;
  double mean = 0;
  double p50 = 0;
  double p90 = 0;
  double p99 = 0;
  double p999 = 0;
  double max = 0;
};

/// Empty when nothing was recorded.
[[nodiscard]] std::optional<LatencySummary> summarise(const Histogram& histogram);

/// What became of one kind of operation.
struct OperationReport {
  std::string operation{};
  std::uint64_t count = 0;  ///< How many were done, the failed ones among them.
  std::uint64_t errors = 0;
  std::optional<std::uint64_t> hits{};
  std::optional<std::uint64_t> misses{};
  double throughput = 0;                    ///< Operations a second that were answered.
  std::optional<LatencySummary> latency{};  ///< Of those that were answered.
};

/// A tenth of the run.
struct SliceReport {
  double start = 0;  ///< Seconds from the start of the measurement.
  double seconds = 0;
  std::uint64_t count = 0;
  std::uint64_t errors = 0;
  double throughput = 0;
  std::optional<LatencySummary> latency{};
};

/// Failures of one code, and the first of them.
struct FailureReport {
  std::uint64_t count = 0;
  Error example{};
};

struct BenchReport {
  std::vector<OperationReport> operations{};
  std::uint64_t count = 0;
  std::uint64_t errors = 0;
  double throughput = 0;
  std::optional<std::uint64_t> wrong_answers{};  ///< Empty without `verify`.
  std::optional<double> hit_ratio{};             ///< Empty when no get was answered.
  double seconds = 0;
  double cpu_seconds = 0;  ///< Of this process, all threads.
  std::vector<SliceReport> slices{};
  std::vector<FailureReport> failures{};

  std::uint64_t preloaded = 0;
  double preload_seconds = 0;
  std::string leftover{};  ///< Why keys were left behind; empty when none were.
  bool interrupted = false;
};

/// Whether it came to a measurement before it was interrupted: the figures are none where not.
[[nodiscard]] inline bool was_measured(const BenchReport& report) noexcept {
  return report.count > 0 || !report.interrupted;
}

/// What became of the operation of that name; null where none was done. Lifetime: the report's.
[[nodiscard]] const OperationReport* find_operation(const BenchReport& report,
                                                    std::string_view name);

}  // namespace cachekit::cli
