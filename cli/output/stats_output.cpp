#include "output/stats_output.hpp"

#include "output/json.hpp"
#include "output/table.hpp"

#include <cachekit/prometheus.hpp>
#include <cachekit/units.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

using Count = std::optional<std::uint64_t>;

// The figures that are whole numbers, by the names that every output but Prometheus uses.
struct Field {
  std::string_view name;
  Count NodeStats::*member;
  bool adds_up;  // Over nodes.
};

constexpr std::array fields{
    Field{"uptime_s", &NodeStats::uptime_seconds, false},
    Field{"connections", &NodeStats::connections, true},
    Field{"items", &NodeStats::items, true},
    Field{"bytes", &NodeStats::bytes, true},
    Field{"max_bytes", &NodeStats::max_bytes, true},
    Field{"hits", &NodeStats::hits, true},
    Field{"misses", &NodeStats::misses, true},
    Field{"evictions", &NodeStats::evictions, true},
    Field{"expired", &NodeStats::expired, true},
};

template <typename T>
void add_up(std::optional<T>& sum, const std::optional<T>& value, bool first) {
  if (first) {
    sum = value;
  } else if (sum && value) {
    *sum += *value;
  } else {
    sum.reset();
  }
}

std::string shown(const Field& field, const Count& value) {
  if (!value) return "-";
  if (field.name == "uptime_s") {
    return *value == 0 ? "0s" : format_duration(std::chrono::seconds(*value));
  }
  if (field.name.ends_with("bytes")) return format_bytes({*value});
  return fmt::format("{}", *value);
}

Json figures(const NodeStats& node) {
  Json object;
  for (const Field& field : fields) {
    object[std::string(field.name)] = or_null(node.*field.member);
    if (field.name == "misses") object["hit_ratio"] = or_null(node.hit_ratio());
  }
  object["ops_per_s"] = or_null(node.operations_per_second);
  return object;
}

// The figures of this process' connections, in the same way.
struct ClientField {
  std::string_view name;
  std::uint64_t ConnectionStats::*member;
};

constexpr std::array client_fields{
    ClientField{"connections", &ConnectionStats::connections},
    ClientField{"in_flight", &ConnectionStats::in_flight},
    ClientField{"waiting", &ConnectionStats::waiting},
    ClientField{"requests", &ConnectionStats::requests},
    ClientField{"batches", &ConnectionStats::batches},
    ClientField{"reconnects", &ConnectionStats::reconnects},
    ClientField{"timeouts", &ConnectionStats::timeouts},
    ClientField{"abandoned_requests", &ConnectionStats::abandoned_requests},
};

Json client_json(const std::optional<ConnectionStats>& client) {
  if (!client) return {};
  Json object;
  for (const ClientField& field : client_fields) {
    object[std::string(field.name)] = (*client).*field.member;
    if (field.name == "batches") object["mean_batch"] = or_null(client->mean_batch());
  }
  return object;
}

Json node_json(const NodeStats& node, bool raw) {
  Json object{{"endpoint", node.endpoint},
              {"version", node.version.empty() ? Json() : Json(node.version)}};
  object.update(figures(node));
  object["client"] = client_json(node.client);
  if (raw) {
    Json& names = object["raw"] = Json::object();
    for (const auto& [name, value] : node.raw) names[name] = value;
  }
  if (node.error) object["error"] = node.error->message;
  return object;
}

}  // namespace

NodeStats total_of(const StatsReport& report) {
  NodeStats total;
  bool first = true;
  for (const NodeStats& node : report.nodes) {
    for (const Field& field : fields) {
      if (field.adds_up) add_up(total.*field.member, node.*field.member, first);
    }
    add_up(total.operations_per_second, node.operations_per_second, first);
    first = false;
  }
  return total;
}

std::string stats_table(const StatsReport& report, bool client) {
  const bool several = report.nodes.size() > 1;
  std::vector<NodeStats> columns = report.nodes;
  if (several) {
    columns.push_back(total_of(report));
    columns.back().endpoint = "total";
  }
  std::vector<Table::Align> align(columns.size() + 1, Table::Align::right);
  align.front() = Table::Align::left;
  Table table(align);
  const auto row = [&](std::string_view name, const auto& cell) {
    std::vector<std::string> cells{std::string(name)};
    for (const NodeStats& node : columns) cells.push_back(cell(node));
    table.row(std::move(cells));
  };
  row("node", [](const NodeStats& node) { return node.endpoint; });
  row("version", [](const NodeStats& node) { return node.version.empty() ? "-" : node.version; });
  for (const Field& field : fields) {
    row(field.name, [&](const NodeStats& node) { return shown(field, node.*field.member); });
    if (field.name != "misses") continue;
    row("hit_ratio", [](const NodeStats& node) {
      return node.hit_ratio() ? fmt::format("{:.2f} %", *node.hit_ratio() * 100) : "-";
    });
  }
  row("ops_per_s", [](const NodeStats& node) {
    return node.operations_per_second ? fmt::format("{:.0f}", *node.operations_per_second) : "-";
  });
  const bool connected = std::ranges::any_of(
      report.nodes, [](const NodeStats& node) { return node.client.has_value(); });
  if (!client || !connected) return table.text();
  for (const ClientField& field : client_fields) {
    row(fmt::format("client_{}", field.name), [&](const NodeStats& node) {
      return node.client ? fmt::format("{}", (*node.client).*field.member) : "-";
    });
    if (field.name != "batches") continue;
    row("client_mean_batch", [](const NodeStats& node) {
      const auto mean = node.client ? node.client->mean_batch() : std::nullopt;
      return mean ? fmt::format("{:.1f}", *mean) : "-";
    });
  }
  return table.text();
}

std::string stats_json(const CacheBackend& backend, const StatsReport& report, bool raw) {
  Json nodes = Json::array();
  for (const NodeStats& node : report.nodes) nodes.push_back(node_json(node, raw));
  return dump({{"backend", backend.name()},
               {"tier", to_string(backend.tier())},
               {"nodes", std::move(nodes)},
               {"total", figures(total_of(report))}}) +
         "\n";
}

std::string stats_prometheus(const CacheBackend& backend, const StatsReport& report) {
  return PrometheusPage().add(report, backend.name()).text();
}

std::string stats_raw(const StatsReport& report) {
  std::string out;
  for (const NodeStats& node : report.nodes) {
    for (const auto& [name, value] : node.raw) {
      out.append(node.endpoint).append("\t").append(name).append("\t").append(value).append("\n");
    }
  }
  return out;
}

}  // namespace cachekit::cli
