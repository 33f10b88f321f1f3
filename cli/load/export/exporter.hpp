#pragma once

// How the load generator tells what it measured: one file a format, all behind one interface. What
// is written here is never measured here, and nothing here writes to a terminal or a file.

#include "load/gate.hpp"
#include "load/options.hpp"
#include "load/report.hpp"

#include <memory>
#include <span>
#include <string>

namespace cachekit::cli {

/// Where a bench ran; for the report.
struct BenchSetting {
  std::string backend{};
  std::string target{};
  std::string server_version{};  ///< Empty where unknown.
  double operation_timeout_ms = 0;
};

/// One run and all that belongs to it. Lifetime: that of what it refers to.
struct BenchRun {
  const BenchReport& report;
  const BenchOptions& options;
  const BenchSetting& setting;
  std::span<const GateVerdict> verdicts{};
};

/// Writes the runs of one bench, in their order; each function gives text, complete lines, that is
/// to be shown at once.
class Exporter {
 public:
  Exporter() = default;
  Exporter(const Exporter&) = delete;
  Exporter& operator=(const Exporter&) = delete;
  virtual ~Exporter() = default;

  [[nodiscard]] virtual std::string run(const BenchRun& run) = 0;
  [[nodiscard]] virtual std::string end() { return {}; }
};

/// A line of the schema "cachekit-bench/1" for each run.
[[nodiscard]] std::unique_ptr<Exporter> json_exporter();

/// For people: what ran, a row per operation, the totals, and what the figures hide.
[[nodiscard]] std::unique_ptr<Exporter> text_exporter();

/// For people: a sweep's runs, a row each.
[[nodiscard]] std::unique_ptr<Exporter> sweep_table_exporter(Sweep sweep);

}  // namespace cachekit::cli
