#include <cachekit/report.hpp>

#include <iterator>

#include <fmt/format.h>

namespace cachekit {
namespace {

// The path of a socket may hold what would end a label.
std::string label_value(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string prometheus(std::span<const ConnectionStats> connections, std::string_view backend) {
  std::string out;
  if (connections.empty()) return out;
  const auto to = std::back_inserter(out);
  const auto metric = [&](std::string_view name, std::string_view type, std::string_view help,
                          const auto& value_of) {
    fmt::format_to(to, "# HELP cachekit_client_{0} {1}\n# TYPE cachekit_client_{0} {2}\n", name,
                   help, type);
    for (const ConnectionStats& node : connections) {
      fmt::format_to(to, "cachekit_client_{}{{backend=\"{}\",node=\"{}\"}} {}\n", name, backend,
                     label_value(node.endpoint), value_of(node));
    }
  };
  using Stats = ConnectionStats;
  metric("connections", "gauge", "Open connections of this process.",
         [](const Stats& node) { return node.connections; });
  metric("requests_in_flight", "gauge", "Requests that wait for their reply.",
         [](const Stats& node) { return node.in_flight; });
  metric("requests_waiting", "gauge", "Requests that wait for a connection.",
         [](const Stats& node) { return node.waiting; });
  metric("requests_total", "counter", "Requests that were sent.",
         [](const Stats& node) { return node.requests; });
  metric("batches_total", "counter", "Writes that carried them.",
         [](const Stats& node) { return node.batches; });
  metric("batch_size_mean", "gauge", "Requests per write since the start; 0 before the first.",
         [](const Stats& node) { return node.mean_batch(); });
  metric("reconnects_total", "counter", "Connections made in the place of one that broke.",
         [](const Stats& node) { return node.reconnects; });
  metric("timeouts_total", "counter", "Requests whose deadline passed on a connection.",
         [](const Stats& node) { return node.timeouts; });
  metric("tombstones_total", "counter", "Requests given up whose late reply is thrown away.",
         [](const Stats& node) { return node.tombstones; });
  return out;
}

}  // namespace cachekit
