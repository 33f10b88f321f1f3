#include "load/report.hpp"

#include <algorithm>
#include <chrono>

namespace cachekit::cli {

std::optional<LatencySummary> summarise(const Histogram& histogram) {
  if (histogram.count() == 0) return std::nullopt;
  const auto microseconds = [](std::chrono::nanoseconds latency) {
    return std::chrono::duration<double, std::micro>(latency).count();
  };
  LatencySummary summary;
  summary.min = microseconds(histogram.min());
  summary.mean = microseconds(histogram.mean());
  summary.p50 = microseconds(histogram.at(0.5));
  summary.p90 = microseconds(histogram.at(0.9));
  summary.p99 = microseconds(histogram.at(0.99));
  summary.p999 = microseconds(histogram.at(0.999));
  summary.max = microseconds(histogram.max());
  return summary;
}

const OperationReport* find_operation(const BenchReport& report, std::string_view name) {
  const auto found = std::ranges::find(report.operations, name, &OperationReport::operation);
  return found == report.operations.end() ? nullptr : &*found;
}

}  // namespace cachekit::cli
