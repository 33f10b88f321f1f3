#pragma once

#include <cachekit/export.hpp>
#include <cachekit/histogram.hpp>
#include <cachekit/metrics.hpp>
#include <cachekit/report.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit {

/// One page of the Prometheus text format (0.0.4) out of several sources, such as what a service
/// answers to `/metrics`. `promtool check metrics` has nothing to say about it.
///
///     cachekit::PrometheusPage page;
///     page.add(backend.metrics(), backend.name()).add(backend.connections(), backend.name());
///     page.add(expander.metrics(), "expander:users");
///     return page.text();
///
/// Each metric has its HELP and TYPE once, with the series of all sources below it. Sources with
/// the same labels are parts of one whole: they add up to one series, ratios by their parts. What
/// is not known, and 0 of 0, is no series.
///
/// Threads: one at a time; the sources may be in use meanwhile.
class CACHEKIT_API PrometheusPage {
 public:
  struct Label {
    std::string_view name;
    std::string_view value;  ///< Any text: it is escaped, and what is not UTF-8 replaced.
  };
  using Labels = std::initializer_list<Label>;

  /// What an application's caching does: `cachekit_hits_total`, ..., `cachekit_hit_ratio`,
  /// `cachekit_operation_duration_seconds`, with the label `backend`.
  PrometheusPage& add(const CacheMetrics& metrics, std::string_view backend);
  /// What this process' connections do: `cachekit_client_...`, with `backend` and `node`.
  PrometheusPage& add(std::span<const ConnectionStats> connections, std::string_view backend);
  /// What the servers tell, `cachekit_server_...`, and this process' connections to them.
  PrometheusPage& add(const StatsReport& report, std::string_view backend);

  /// Figures of the caller's own. Names end as Prometheus wants them: `_total` for counters, then
  /// `_seconds`, `_bytes` or `_ratio` for what has such a unit.
  /// Requires: one kind and one help for each name.
  PrometheusPage& counter(std::string_view name, std::string_view help, Labels labels,
                          std::optional<std::uint64_t> value);
  PrometheusPage& gauge(std::string_view name, std::string_view help, Labels labels,
                        std::optional<double> value);
  /// A gauge of `part` / `whole`.
  PrometheusPage& ratio(std::string_view name, std::string_view help, Labels labels, double part,
                        double whole);
  PrometheusPage& histogram(std::string_view name, std::string_view help, Labels labels,
                            const Histogram& seconds);

  /// The page; empty without a series.
  [[nodiscard]] std::string text() const;

 private:
  enum class Kind : std::uint8_t { counter, gauge, ratio, histogram };
  struct Series {
    std::string labels{};     // Escaped, without braces.
    std::uint64_t count = 0;  // Of a counter or a histogram.
    double value = 0;         // Of a gauge; the part of a ratio; the sum of a histogram.
    double whole = 0;         // Of a ratio.
    std::vector<std::uint64_t> buckets{};  // Of a histogram, cumulative.
  };
  struct Metric {
    std::string name{};
    std::string help{};
    Kind kind = Kind::gauge;
    std::vector<Series> series{};
  };

  [[nodiscard]] Series& series(Kind kind, std::string_view name, std::string_view help,
                               Labels labels);
  static void write(const Metric& metric, const Series& series, std::string& out);

  std::vector<Metric> metrics_;  // In the order in which they came.
};

}  // namespace cachekit
