#include "load/export/exporter.hpp"
#include "load/export/figures.hpp"

#include <cachekit/units.hpp>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

std::string optional_count(const std::optional<std::uint64_t>& count) {
  return count ? grouped(*count) : "-";
}

constexpr const char* row_format =
    "{:<9} {:>13} {:>8} {:>13} {:>11} {:>11} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}\n";

std::string operation_row(const OperationReport& report) {
  const auto cell = [&](double LatencySummary::*field) {
    return report.latency ? latency_text((*report.latency).*field) : "-";
  };
  return fmt::format(
      fmt::runtime(row_format), report.operation, grouped(report.count), grouped(report.errors),
      optional_count(report.hits), optional_count(report.misses), grouped(report.throughput),
      cell(&LatencySummary::mean), cell(&LatencySummary::p50), cell(&LatencySummary::p90),
      cell(&LatencySummary::p99), cell(&LatencySummary::p999), cell(&LatencySummary::max));
}

std::string total_line(const BenchReport& report) {
  std::string line = fmt::format("total     {} operations in {:.2f} s: {} a second",
                                 grouped(report.count), report.seconds, grouped(report.throughput));
  if (report.hit_ratio) line += fmt::format(", hit ratio {:.4f}", *report.hit_ratio);
  line += fmt::format(", {:.2f} s of CPU", report.cpu_seconds);
  if (report.wrong_answers) line += fmt::format(", wrong answers {}", *report.wrong_answers);
  return line + "\n";
}

std::string head_line(const BenchOptions& options, const BenchSetting& setting) {
  std::string line = "bench     " + setting.target;
  if (options.capacity) line += " of " + to_string(*options.capacity);
  if (options.policy) line += fmt::format(" ({})", to_string(*options.policy));
  if (options.distribution.kind == Distribution::Kind::trace) {
    return line + fmt::format(", {}, values of {} B, a set where a get missed\n",
                              to_string(options.distribution), to_string(options.value_size));
  }
  return line + fmt::format(", {} thread{}, {} keys, values of {} B, {} gets:sets, {}\n",
                            options.threads, options.threads == 1 ? "" : "s", grouped(options.keys),
                            to_string(options.value_size), to_string(options.ratio),
                            to_string(options.distribution));
}

class TextExporter final : public Exporter {
 public:
  std::string run(const BenchRun& run) override {
    const BenchReport& report = run.report;
    std::string text = head_line(run.options, run.setting);
    if (report.preloaded > 0) {
      text += fmt::format("filled    {} keys in {:.2f} s, not part of the figures\n",
                          grouped(report.preloaded), report.preload_seconds);
    }
    text += fmt::format(fmt::runtime(row_format), "", "count", "errors", "hits", "misses", "ops/s",
                        "mean", "p50", "p90", "p99", "p99.9", "max");
    for (const OperationReport& operation : report.operations) text += operation_row(operation);
    text += total_line(report);
    for (const FailureReport& failure : report.failures) {
      text += fmt::format("{:<9} {} x {}: {}\n", "failed", grouped(failure.count),
                          to_string(failure.example.code), failure.example.describe());
    }
    text += closed_loop_note();
    return text;
  }
};

}  // namespace

std::unique_ptr<Exporter> text_exporter() { return std::make_unique<TextExporter>(); }

}  // namespace cachekit::cli
