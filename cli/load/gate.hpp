#pragma once

#include "load/report.hpp"

#include <cachekit/error.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cachekit::cli {

/// A condition under which a bench fails: "get.p99>2ms", "errors>0", "total.hit_ratio<0.9".
///
/// The name is `get.` or `set.` with count, errors, hits, misses, throughput or a latency (min,
/// mean, p50, p90, p99, p999, max), or `total.` with a field of the report's total; `total.` may
/// be left out. Latencies are microseconds unless they have a unit: ns, us, ms, s.
struct Gate {
  enum class Relation : std::uint8_t { less, less_equal, greater, greater_equal };

  std::string text{};
  std::string subject{};  ///< "get", "set" or "total".
  std::string metric{};
  Relation relation = Relation::less;
  double limit = 0;
};

/// Errors: `invalid_argument` for an unknown name, a missing comparison or a number that is none.
[[nodiscard]] Result<Gate> parse_gate(std::string_view text);

struct GateVerdict {
  std::string text{};
  std::optional<double> value{};  ///< Empty: was not measured, which never passes.
  std::string_view unit{};        ///< "us" of a latency.
  bool failed = true;
};

/// "get.p99>2ms: is 3150us", or that it was not measured.
[[nodiscard]] std::string to_string(const GateVerdict& verdict);

[[nodiscard]] GateVerdict judge(const Gate& gate, const BenchReport& report);

}  // namespace cachekit::cli
