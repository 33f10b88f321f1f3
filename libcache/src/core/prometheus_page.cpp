#include <cachekit/prometheus.hpp>
#include <cachekit/utf8.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

namespace cachekit {
namespace {

constexpr std::array bounds_seconds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                    0.025,  0.05,    0.1,    0.25,  0.5,    1.0,   2.5};

// In the order of PrometheusPage::Kind.
constexpr std::array<std::string_view, 4> type_names{"counter", "gauge", "gauge", "histogram"};

// The format is UTF-8, a line ends a sample or a help, and a quotation mark a label.
void append_escaped(std::string_view text, bool quoted, std::string& out) {
  for (const char c : replace_invalid_utf8(text)) {
    if (c == '\n') {
      out += "\\n";
    } else {
      if (c == '\\' || (quoted && c == '"')) out += '\\';
      out += c;
    }
  }
}

std::string rendered(PrometheusPage::Labels labels) {
  std::string out;
  for (const auto& [name, value] : labels) {
    if (!out.empty()) out += ',';
    out.append(name).append("=\"");
    append_escaped(value, true, out);
    out += '"';
  }
  return out;
}

std::string in_braces(const std::string& labels, std::string_view more = {}) {
  if (labels.empty() && more.empty()) return {};
  return fmt::format("{{{}{}{}}}", labels, labels.empty() || more.empty() ? "" : ",", more);
}

std::vector<std::uint64_t> buckets_of(const Histogram& histogram) {
  std::vector<std::uint64_t> buckets;
  std::uint64_t most = 0;
  for (const double bound : bounds_seconds) {
    const std::chrono::nanoseconds ns(static_cast<std::int64_t>(bound * 1e9));
    most = std::max(most, histogram.count_up_to(ns));  // Others may record meanwhile.
    buckets.push_back(most);
  }
  return buckets;
}

}  // namespace

PrometheusPage::Series& PrometheusPage::series(Kind kind, std::string_view name,
                                               std::string_view help, Labels labels) {
  auto metric = std::ranges::find(metrics_, name, &Metric::name);
  if (metric == metrics_.end()) {
    metrics_.push_back({.name = std::string(name), .help = std::string(help), .kind = kind});
    metric = std::prev(metrics_.end());
  }
  std::string text = rendered(labels);
  const auto known = std::ranges::find(metric->series, text, &Series::labels);
  if (known != metric->series.end()) return *known;
  return metric->series.emplace_back(Series{.labels = std::move(text)});
}

PrometheusPage& PrometheusPage::counter(std::string_view name, std::string_view help, Labels labels,
                                        std::optional<std::uint64_t> value) {
  if (value) series(Kind::counter, name, help, labels).count += *value;
  return *this;
}

PrometheusPage& PrometheusPage::gauge(std::string_view name, std::string_view help, Labels labels,
                                      std::optional<double> value) {
  if (value && std::isfinite(*value)) series(Kind::gauge, name, help, labels).value += *value;
  return *this;
}

PrometheusPage& PrometheusPage::ratio(std::string_view name, std::string_view help, Labels labels,
                                      double part, double whole) {
  if (!(whole > 0)) return *this;
  Series& one = series(Kind::ratio, name, help, labels);
  one.value += part;
  one.whole += whole;
  return *this;
}

PrometheusPage& PrometheusPage::histogram(std::string_view name, std::string_view help,
                                          Labels labels, const Histogram& seconds) {
  const std::vector<std::uint64_t> buckets = buckets_of(seconds);
  Series& one = series(Kind::histogram, name, help, labels);
  one.buckets.resize(buckets.size());
  for (std::size_t i = 0; i < buckets.size(); ++i) one.buckets[i] += buckets[i];
  one.count += std::max(seconds.count(), buckets.back());
  one.value += std::chrono::duration<double>(seconds.sum()).count();
  return *this;
}

void PrometheusPage::write(const Metric& metric, const Series& series, std::string& out) {
  const auto to = std::back_inserter(out);
  const std::string labels = in_braces(series.labels);
  switch (metric.kind) {
    case Kind::counter:
      fmt::format_to(to, "{}{} {}\n", metric.name, labels, series.count);
      return;
    case Kind::gauge:
      fmt::format_to(to, "{}{} {}\n", metric.name, labels, series.value);
      return;
    case Kind::ratio:
      fmt::format_to(to, "{}{} {}\n", metric.name, labels, series.value / series.whole);
      return;
    case Kind::histogram:
      break;
  }
  for (std::size_t i = 0; i < series.buckets.size(); ++i) {
    const std::string bound = fmt::format("le=\"{}\"", bounds_seconds[i]);
    fmt::format_to(to, "{}_bucket{} {}\n", metric.name, in_braces(series.labels, bound),
                   series.buckets[i]);
  }
  fmt::format_to(to, "{0}_bucket{1} {2}\n{0}_sum{3} {4}\n{0}_count{3} {2}\n", metric.name,
                 in_braces(series.labels, "le=\"+Inf\""), series.count, labels, series.value);
}

std::string PrometheusPage::text() const {
  std::string out;
  for (const Metric& metric : metrics_) {
    out.append("# HELP ").append(metric.name).append(" ");
    append_escaped(metric.help, false, out);
    out.append("\n# TYPE ").append(metric.name).append(" ");
    out.append(type_names[static_cast<std::size_t>(metric.kind)]);
    out.append("\n");
    for (const Series& series : metric.series) write(metric, series, out);
  }
  return out;
}

}  // namespace cachekit
