#include "load/export/exporter.hpp"
#include "load/export/figures.hpp"

#include <cstddef>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

constexpr const char* row_format_of_sweeps = "{:>10} {:>12} {:>8} {:>9} {:>9} {:>9} {:>9}\n";

class SweepTableExporter final : public Exporter {
 public:
  explicit SweepTableExporter(Sweep sweep) : sweep_(std::move(sweep)) {}

  std::string run(const BenchRun& run) override {
    if (!was_measured(run.report)) return "";
    const auto cell = [&](std::string_view operation, double LatencySummary::*field) {
      const OperationReport* found = find_operation(run.report, operation);
      return found != nullptr && found->latency ? latency_text((*found->latency).*field) : "-";
    };
    const std::string head = next_ == 0 ? head_line() : "";
    return head + fmt::format(fmt::runtime(row_format_of_sweeps), sweep_.values.at(next_++),
                              grouped(run.report.throughput), grouped(run.report.errors),
                              cell("get", &LatencySummary::p50), cell("get", &LatencySummary::p99),
                              cell("set", &LatencySummary::p50), cell("set", &LatencySummary::p99));
  }

  std::string end() override { return std::string(closed_loop_note()); }

 private:
  [[nodiscard]] std::string head_line() const {
    return fmt::format(fmt::runtime(row_format_of_sweeps), sweep_.name, "ops/s", "errors",
                       "get p50", "get p99", "set p50", "set p99");
  }

  Sweep sweep_;
  std::size_t next_ = 0;  // Of the values.
};

}  // namespace

std::unique_ptr<Exporter> sweep_table_exporter(Sweep sweep) {
  return std::make_unique<SweepTableExporter>(std::move(sweep));
}

}  // namespace cachekit::cli
