#include "commands/commands.hpp"
#include "interrupt.hpp"
#include "option_types.hpp"
#include "output/json.hpp"
#include "output/table.hpp"

#include <cachekit/runtime.hpp>
#include <cachekit/units.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

struct PingOptions {
  std::uint64_t count = 3;
  std::chrono::milliseconds interval{0};
};

// One node over all rounds: its latest answer, and every round trip that came back.
struct NodeSeries {
  NodePing latest;
  std::optional<Error> error;  ///< The last failure; a node that failed once is not well.
  std::vector<double> round_trips_us;
};

void add_round(std::vector<NodeSeries>& series, PingReport report) {
  series.resize(std::max(series.size(), report.nodes.size()));
  for (std::size_t i = 0; i < report.nodes.size(); ++i) {
    NodePing& node = report.nodes[i];
    if (node.error) {
      series[i].error = node.error;
    } else {
      series[i].round_trips_us.push_back(static_cast<double>(node.round_trip.count()));
    }
    if (!node.error || series[i].latest.endpoint.empty()) series[i].latest = std::move(node);
  }
}

bool pause(std::chrono::milliseconds interval) {
  const Deadline deadline = Deadline::after(interval);
  while (!deadline.expired() && !interrupted()) {
    Runtime::current().sleep_for(std::min(deadline.remaining(), std::chrono::milliseconds(50)));
  }
  return !interrupted();
}

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

Json round_trips(const std::vector<double>& values) {
  if (values.empty()) return {{"min", nullptr}, {"p50", nullptr}, {"max", nullptr}};
  return {{"min", std::ranges::min(values)},
          {"p50", median(values)},
          {"max", std::ranges::max(values)}};
}

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

std::string json_report(const CacheBackend& backend, const std::vector<NodeSeries>& series,
                        bool ok) {
  Json nodes = Json::array();
  for (const NodeSeries& node : series) {
    nodes.push_back({{"endpoint", node.latest.endpoint},
                     {"ok", !node.error},
                     {"role", text_or_null(node.latest.role)},
                     {"version", text_or_null(node.latest.version)},
                     {"rtt_us", round_trips(node.round_trips_us)},
                     {"error", node.error ? Json(node.error->message) : Json()}});
  }
  return dump({{"backend", backend.name()},
               {"tier", to_string(backend.tier())},
               {"ok", ok},
               {"nodes", std::move(nodes)}});
}

std::string text_report(const std::vector<NodeSeries>& series) {
  using Align = Table::Align;
  Table table({Align::left, Align::left, Align::left, Align::left, Align::left});
  for (const NodeSeries& node : series) {
    table.row({node.latest.endpoint, node.error ? "FAILED" : "ok",
               node.latest.role.empty() ? "-" : node.latest.role,
               node.latest.version.empty() ? "-" : node.latest.version,
               node.round_trips_us.empty()
                   ? "-"
                   : fmt::format("{:.0f}/{:.0f}/{:.0f} us (min/p50/max)",
                                 std::ranges::min(node.round_trips_us), median(node.round_trips_us),
                                 std::ranges::max(node.round_trips_us))});
  }
  return table.text();
}

ExitCode run_ping(Context& context, const PingOptions& options) {
  CacheBackend& backend = context.unconnected_backend(Access::read);
  std::vector<NodeSeries> series;
  for (std::uint64_t i = 0; i < options.count; ++i) {
    if (i > 0 && !pause(options.interval)) break;
    add_round(series, backend.ping());
  }
  context.warn_of_snapshot(Access::read);
  ExitCode code = interrupted() ? ExitCode::interrupted : ExitCode::done;
  for (const NodeSeries& node : series) {
    if (!node.error) continue;
    context.report("ping", *node.error);
    code = worse(code, exit_code_of(*node.error));
  }
  const bool ok = std::ranges::none_of(series, [](const auto& n) { return n.error.has_value(); });
  context.out.write(context.options.json ? json_report(backend, series, ok) + "\n"
                                         : text_report(series));
  return code;
}

}  // namespace

CommandSpec ping_command() {
  const auto options = std::make_shared<PingOptions>();
  return {
      .name = "ping",
      .help = "Ask every node for a sign of life",
      .arguments = {{.name = "--count",
                     .letter = 'n',
                     .type = "COUNT",
                     .default_text = "3",
                     .help = "How many times",
                     .into = parsed(options->count, parse_count)},
                    {.name = "--interval",
                     .type = "DURATION",
                     .unit = Unit::duration,
                     .default_text = "0ms",
                     .help = "How long between two",
                     .into = parsed(options->interval, parse_duration)}},
      .examples = {{"cachekit -u redis://localhost:6379 ping -n 10 --interval 1s",
                    "Ten times, a second apart"}},
      .run = [options](Context& context) { return run_ping(context, *options); },
  };
}

}  // namespace cachekit::cli
