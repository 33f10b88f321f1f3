#include "load/gate.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

using Value = std::optional<double>;

Value number(std::uint64_t count) { return static_cast<double>(count); }
Value number(const std::optional<std::uint64_t>& count) { return count ? number(*count) : Value(); }

template <double LatencySummary::*Field>
Value latency(const OperationReport& report) {
  return report.latency ? Value((*report.latency).*Field) : Value();
}

struct OperationMetric {
  std::string_view name;
  bool is_latency;
  Value (*read)(const OperationReport& report);
};

struct TotalMetric {
  std::string_view name;
  Value (*read)(const BenchReport& report);
};

constexpr std::array<OperationMetric, 13> operation_metrics{{
    {"count", false, [](const OperationReport& r) { return number(r.count); }},
    {"errors", false, [](const OperationReport& r) { return number(r.errors); }},
    {"hits", false, [](const OperationReport& r) { return number(r.hits); }},
    {"misses", false, [](const OperationReport& r) { return number(r.misses); }},
    {"throughput", false, [](const OperationReport& r) { return Value(r.throughput); }},
    {"min", true, latency<&LatencySummary::min>},
    {"mean", true, latency<&LatencySummary::mean>},
    {"p50", true, latency<&LatencySummary::p50>},
    {"p90", true, latency<&LatencySummary::p90>},
    {"p99", true, latency<&LatencySummary::p99>},
    {"p999", true, latency<&LatencySummary::p999>},
    {"max", true, latency<&LatencySummary::max>},
    {"hit_ratio", false,
     [](const OperationReport& r) {
       const std::uint64_t lookups = r.hits.value_or(0) + r.misses.value_or(0);
       return lookups == 0 ? Value()
                           : Value(static_cast<double>(*r.hits) / static_cast<double>(lookups));
     }},
}};

constexpr std::array<TotalMetric, 7> total_metrics{{
    {"throughput", [](const BenchReport& r) { return Value(r.throughput); }},
    {"count", [](const BenchReport& r) { return number(r.count); }},
    {"errors", [](const BenchReport& r) { return number(r.errors); }},
    {"wrong_answers", [](const BenchReport& r) { return number(r.wrong_answers); }},
    {"hit_ratio", [](const BenchReport& r) { return r.hit_ratio; }},
    {"seconds", [](const BenchReport& r) { return Value(r.seconds); }},
    {"cpu_seconds", [](const BenchReport& r) { return Value(r.cpu_seconds); }},
}};

struct Unit {
  std::string_view name;
  double microseconds;
};
constexpr std::array<Unit, 5> units{{{"", 1}, {"ns", 1e-3}, {"us", 1}, {"ms", 1e3}, {"s", 1e6}}};

bool is_latency(const Gate& gate) {
  const auto found = std::ranges::find(operation_metrics, gate.metric, &OperationMetric::name);
  return gate.subject != "total" && found != operation_metrics.end() && found->is_latency;
}

bool is_known(const Gate& gate) {
  if (gate.subject == "total") {
    return std::ranges::find(total_metrics, gate.metric, &TotalMetric::name) != total_metrics.end();
  }
  const bool only_gets =
      gate.metric == "hits" || gate.metric == "misses" || gate.metric == "hit_ratio";
  if (gate.subject != "get" && (gate.subject != "set" || only_gets)) return false;
  return std::ranges::find(operation_metrics, gate.metric, &OperationMetric::name) !=
         operation_metrics.end();
}

tl::unexpected<Error> refuse(std::string_view text, std::string_view why) {
  return fail(Errc::invalid_argument, fmt::format("'{}' is not a gate: {}", text, why), {},
              "write NAME<NUMBER or NAME>NUMBER, such as get.p99>2ms, errors>0 or "
              "total.hit_ratio<0.9");
}

Result<double> parse_limit(std::string_view whole, std::string_view text, bool with_unit) {
  double limit = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, limit, std::chars_format::fixed);
  if (text.ends_with('%')) return refuse(whole, "a change in percent needs a run to compare with");
  if (error != std::errc{} || !std::isfinite(limit)) {
    return refuse(whole, fmt::format("'{}' is not a number", text));
  }
  const std::string_view suffix(stopped, static_cast<std::size_t>(end - stopped));
  const auto unit = std::ranges::find(units, suffix, &Unit::name);
  if (unit == units.end()) return refuse(whole, fmt::format("unknown unit '{}'", suffix));
  if (!with_unit && !suffix.empty()) {
    return refuse(whole, fmt::format("this is no latency: write {} without the unit '{}'",
                                     text.substr(0, text.size() - suffix.size()), suffix));
  }
  return limit * unit->microseconds;
}

bool holds(Gate::Relation relation, double value, double limit) {
  switch (relation) {
    case Gate::Relation::less:
      return value < limit;
    case Gate::Relation::less_equal:
      return value <= limit;
    case Gate::Relation::greater:
      return value > limit;
    case Gate::Relation::greater_equal:
      break;
  }
  return value >= limit;
}

Value read(const Gate& gate, const BenchReport& report) {
  if (gate.subject == "total") {
    return std::ranges::find(total_metrics, gate.metric, &TotalMetric::name)->read(report);
  }
  const OperationReport* const operation = find_operation(report, gate.subject);
  if (operation == nullptr) return std::nullopt;
  return std::ranges::find(operation_metrics, gate.metric, &OperationMetric::name)
      ->read(*operation);
}

std::string_view trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

Result<Gate> parse_gate(std::string_view text) {
  const std::size_t sign = text.find_first_of("<>");
  if (sign == std::string_view::npos) return refuse(text, "it has neither < nor >");
  Gate gate;
  gate.text = text;
  const std::string_view name = trim(text.substr(0, sign));
  const std::size_t dot = name.find('.');
  gate.subject = dot == std::string_view::npos ? "total" : name.substr(0, dot);
  gate.metric = dot == std::string_view::npos ? name : name.substr(dot + 1);
  if (!is_known(gate)) return refuse(text, fmt::format("unknown name '{}'", name));

  const bool equal = text.substr(sign + 1).starts_with('=');
  using Relation = Gate::Relation;
  if (text[sign] == '<') {
    gate.relation = equal ? Relation::less_equal : Relation::less;
  } else {
    gate.relation = equal ? Relation::greater_equal : Relation::greater;
  }
  const Result<double> limit =
      parse_limit(text, trim(text.substr(sign + (equal ? 2 : 1))), is_latency(gate));
  if (!limit) return fail(limit.error());
  gate.limit = *limit;
  return gate;
}

std::string to_string(const GateVerdict& verdict) {
  if (!verdict.value) return fmt::format("{}: was not measured", verdict.text);
  return fmt::format("{}: is {:.6g}{}", verdict.text, *verdict.value, verdict.unit);
}

GateVerdict judge(const Gate& gate, const BenchReport& report) {
  GateVerdict verdict{
      .text = gate.text, .value = read(gate, report), .unit = is_latency(gate) ? "us" : ""};
  verdict.failed = !verdict.value || holds(gate.relation, *verdict.value, gate.limit);
  return verdict;
}

}  // namespace cachekit::cli
