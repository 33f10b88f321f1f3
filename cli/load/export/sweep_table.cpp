#include "load/export/exporter.hpp"
#include "load/export/figures.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

const OperationReport* find(const BenchReport& report, std::string_view name) {
  const auto found = std::ranges::find(report.operations, name, &OperationReport::operation);
  return found == report.operations.end() ? nullptr : &*found;
}

class SweepTableExporter final : public Exporter {
 public:
  explicit SweepTableExporter(Sweep sweep) : sweep_(std::move(sweep)) {}

  std::string begin() override {
    return fmt::format("{:>10} {:>12} {:>8} {:>9} {:>9} {:>9} {:>9}\n", sweep_.name, "ops/s",
                       "errors", "get p50", "get p99", "set p50", "set p99");
  }

  std::string run(const BenchRun& run) override {
    const auto cell = [&](std::string_view operation, double LatencySummary::*field) {
      const OperationReport* found = find(run.report, operation);
      return found != nullptr && found->latency ? latency_text((*found->latency).*field) : "-";
    };
    return fmt::format("{:>10} {:>12} {:>8} {:>9} {:>9} {:>9} {:>9}\n", sweep_.values.at(next_++),
                       grouped(run.report.throughput), grouped(run.report.errors),
                       cell("get", &LatencySummary::p50), cell("get", &LatencySummary::p99),
                       cell("set", &LatencySummary::p50), cell("set", &LatencySummary::p99));
  }

  std::string end() override { return std::string(closed_loop_note()); }

 private:
  Sweep sweep_;
  std::size_t next_ = 0;  // Of the values.
};

}  // namespace

std::unique_ptr<Exporter> sweep_table_exporter(Sweep sweep) {
  return std::make_unique<SweepTableExporter>(std::move(sweep));
}

}  // namespace cachekit::cli
