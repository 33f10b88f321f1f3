#pragma once

#include "bench/bench_json.hpp"
#include "bench/bench_options.hpp"
#include "bench/bench_report.hpp"
#include "bench/gate.hpp"

#include <span>
#include <string>
#include <string_view>

namespace cachekit::cli {

/// One run for people: what ran, a row per operation, the totals, and what the figures hide.
[[nodiscard]] std::string bench_text(const BenchReport& report, const BenchOptions& options,
                                     const BenchSetting& setting);

/// What the figures of a closed loop hide.
[[nodiscard]] std::string_view closed_loop_note();

/// The head of a sweep's table, and one row of it.
[[nodiscard]] std::string sweep_head(const Sweep& sweep);
[[nodiscard]] std::string sweep_row(std::uint64_t value, const BenchReport& report);

/// "get.p99>2ms: failed at 3150", for each gate that failed.
[[nodiscard]] std::string gate_text(const GateVerdict& verdict);

}  // namespace cachekit::cli
