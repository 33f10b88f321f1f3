#pragma once

#include "bench/bench_options.hpp"
#include "bench/bench_report.hpp"
#include "bench/gate.hpp"

#include <span>
#include <string>
#include <string_view>

namespace cachekit::cli {

/// Where a bench ran; for the report.
struct BenchSetting {
  std::string backend{};
  std::string target{};
  std::string server_version{};  ///< Empty where unknown.
  double operation_timeout_ms = 0;
};

/// One run as a single line of the schema "cachekit-bench/1".
[[nodiscard]] std::string bench_json(const BenchReport& report, const BenchOptions& options,
                                     const BenchSetting& setting,
                                     std::span<const GateVerdict> verdicts);

}  // namespace cachekit::cli
