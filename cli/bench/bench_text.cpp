#include "bench/bench_text.hpp"

#include <cachekit/units.hpp>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

// 1234567 as "1,234,567".
std::string grouped(std::uint64_t number) {
  std::string text = fmt::format("{}", number);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, ",");
  }
  return text;
}

std::string grouped(double number) {
  return grouped(static_cast<std::uint64_t>(std::llround(std::max(number, 0.0))));
}

// Three digits that count and a unit: "850ns", "12.3us", "1.20ms".
std::string latency_text(double microseconds) {
  const auto digits = [](double value) { return value < 10 ? 2 : value < 100 ? 1 : 0; };
  if (microseconds < 1) return fmt::format("{:.0f}ns", microseconds * 1e3);
  if (microseconds < 1e3) return fmt::format("{:.{}f}us", microseconds, digits(microseconds));
  if (microseconds < 1e6) {
    return fmt::format("{:.{}f}ms", microseconds / 1e3, digits(microseconds / 1e3));
  }
  return fmt::format("{:.{}f}s", microseconds / 1e6, digits(microseconds / 1e6));
}

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

const OperationReport* find(const BenchReport& report, std::string_view name) {
  const auto found = std::ranges::find(report.operations, name, &OperationReport::operation);
  return found == report.operations.end() ? nullptr : &*found;
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

}  // namespace

std::string bench_text(const BenchReport& report, const BenchOptions& options,
                       const BenchSetting& setting) {
  std::string text = head_line(options, setting);
  if (report.preloaded > 0) {
    text += fmt::format("filled    {} keys in {:.2f} s, not part of the figures\n",
                        grouped(report.preloaded), report.preload_seconds);
  }
  text += fmt::format(fmt::runtime(row_format), "", "count", "errors", "hits", "misses", "ops/s",
                      "mean", "p50", "p90", "p99", "p99.9", "max");
  for (const OperationReport& operation : report.operations) text += operation_row(operation);
  text += total_line(report);
  for (const FailureReport& failure : report.failures) {
    text += fmt::format("{:<9} {} x {}: {}\n", "failed", grouped(failure.count), failure.code,
                        failure.example);
  }
  text += closed_loop_note();
  return text;
}

std::string_view closed_loop_note() {
  return "note      closed loop: a caller that waits sends nothing, so a stall hides the requests "
         "that\n"
         "          would have come meanwhile (coordinated omission)\n";
}

std::string sweep_head(const Sweep& sweep) {
  return fmt::format("{:>10} {:>12} {:>8} {:>9} {:>9} {:>9} {:>9}\n", sweep.name, "ops/s", "errors",
                     "get p50", "get p99", "set p50", "set p99");
}

std::string sweep_row(std::uint64_t value, const BenchReport& report) {
  const auto cell = [&](std::string_view operation, double LatencySummary::*field) {
    const OperationReport* found = find(report, operation);
    return found != nullptr && found->latency ? latency_text((*found->latency).*field) : "-";
  };
  return fmt::format("{:>10} {:>12} {:>8} {:>9} {:>9} {:>9} {:>9}\n", value,
                     grouped(report.throughput), grouped(report.errors),
                     cell("get", &LatencySummary::p50), cell("get", &LatencySummary::p99),
                     cell("set", &LatencySummary::p50), cell("set", &LatencySummary::p99));
}

std::string gate_text(const GateVerdict& verdict) {
  if (!verdict.value) return fmt::format("{}: was not measured", verdict.text);
  return fmt::format("{}: is {:.6g}", verdict.text, *verdict.value);
}

}  // namespace cachekit::cli
