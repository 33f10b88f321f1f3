// What each source puts on a page: the names, which dashboards depend on, and their help.

#include <cachekit/prometheus.hpp>

#include <array>

namespace cachekit {
namespace {

using Count = std::optional<std::uint64_t>;

struct EventCounter {
  std::string_view name;
  std::string_view help;
  std::uint64_t MetricsSnapshot::*member;
};

constexpr std::array event_counters{
    EventCounter{"cachekit_hits_total", "Look-ups that found a value.", &MetricsSnapshot::hits},
    EventCounter{"cachekit_misses_total", "Look-ups that found none.", &MetricsSnapshot::misses},
    EventCounter{"cachekit_errors_total", "Operations that failed.", &MetricsSnapshot::errors},
    EventCounter{"cachekit_sets_total", "Values stored.", &MetricsSnapshot::sets},
    EventCounter{"cachekit_removes_total", "Entries removed.", &MetricsSnapshot::removes},
    EventCounter{"cachekit_loads_total", "Calls of a source's loader.", &MetricsSnapshot::loads},
    EventCounter{"cachekit_load_failures_total", "Loader calls that failed.",
                 &MetricsSnapshot::load_failures},
    EventCounter{"cachekit_repairs_total", "Unreadable entries that were replaced.",
                 &MetricsSnapshot::repairs},
    EventCounter{"cachekit_waits_total", "Callers who got the load of another one.",
                 &MetricsSnapshot::waits},
    EventCounter{"cachekit_stale_total", "Answers past their TTL.", &MetricsSnapshot::stale},
    EventCounter{"cachekit_negative_hits_total", "Hits that say that there is no such entity.",
                 &MetricsSnapshot::negative_hits},
    EventCounter{"cachekit_fenced_total",
                 "Loads that were not stored: their key was invalidated meanwhile.",
                 &MetricsSnapshot::fenced},
};

struct ConnectionFigure {
  std::string_view name;
  std::string_view help;
  std::uint64_t ConnectionStats::*member;
  bool counter;
};

constexpr std::array connection_figures{
    ConnectionFigure{"cachekit_client_connections", "Open connections of this process.",
                     &ConnectionStats::connections, false},
    ConnectionFigure{"cachekit_client_requests_in_flight", "Requests that wait for their reply.",
                     &ConnectionStats::in_flight, false},
    ConnectionFigure{"cachekit_client_requests_waiting", "Requests that wait for a connection.",
                     &ConnectionStats::waiting, false},
    ConnectionFigure{"cachekit_client_requests_total", "Requests that were sent.",
                     &ConnectionStats::requests, true},
    ConnectionFigure{"cachekit_client_batches_total", "Writes that carried them.",
                     &ConnectionStats::batches, true},
    ConnectionFigure{"cachekit_client_reconnects_total",
                     "Connections made in the place of one that broke.",
                     &ConnectionStats::reconnects, true},
    ConnectionFigure{"cachekit_client_timeouts_total",
                     "Requests whose deadline passed on a connection.", &ConnectionStats::timeouts,
                     true},
    ConnectionFigure{"cachekit_client_abandoned_requests_total",
                     "Requests given up whose late reply is thrown away.",
                     &ConnectionStats::abandoned_requests, true},
};

struct ServerFigure {
  std::string_view name;
  std::string_view help;
  Count NodeStats::*member;
  bool counter;
};

constexpr std::array server_figures{
    ServerFigure{"cachekit_server_uptime_seconds", "Time since the server's start.",
                 &NodeStats::uptime_seconds, false},
    ServerFigure{"cachekit_server_connections", "Open client connections.", &NodeStats::connections,
                 false},
    ServerFigure{"cachekit_server_items", "Entries that the whole server holds.", &NodeStats::items,
                 false},
    ServerFigure{"cachekit_server_bytes", "Memory used.", &NodeStats::bytes, false},
    ServerFigure{"cachekit_server_max_bytes", "Memory allowed.", &NodeStats::max_bytes, false},
    ServerFigure{"cachekit_server_hits_total", "Look-ups that found a value.", &NodeStats::hits,
                 true},
    ServerFigure{"cachekit_server_misses_total", "Look-ups that found none.", &NodeStats::misses,
                 true},
    ServerFigure{"cachekit_server_evictions_total", "Entries that made room.",
                 &NodeStats::evictions, true},
    ServerFigure{"cachekit_server_expired_total", "Entries whose TTL ran out.", &NodeStats::expired,
                 true},
};

std::optional<double> as_gauge(const Count& value) {
  return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
}

}  // namespace

PrometheusPage& PrometheusPage::add(const CacheMetrics& metrics, std::string_view backend) {
  const MetricsSnapshot now = metrics.snapshot();
  const Labels labels{{"backend", backend}};
  for (const EventCounter& event : event_counters) {
    counter(event.name, event.help, labels, now.*event.member);
  }
  const auto hits = static_cast<double>(now.hits);
  ratio("cachekit_hit_ratio", "Hits per answered look-up; none before the first.", labels, hits,
        hits + static_cast<double>(now.misses));
  if (!metrics.load_latency().empty()) {
    histogram("cachekit_load_duration_seconds", "How long a loader took.", labels,
              metrics.load_latency());
  }
  return histogram("cachekit_operation_duration_seconds", "How long an operation took.", labels,
                   metrics.latency());
}

PrometheusPage& PrometheusPage::add(std::span<const ConnectionStats> connections,
                                    std::string_view backend) {
  for (const ConnectionStats& node : connections) {
    const Labels labels{{"backend", backend}, {"node", node.endpoint}};
    for (const ConnectionFigure& figure : connection_figures) {
      const std::uint64_t value = node.*figure.member;
      if (figure.counter) {
        counter(figure.name, figure.help, labels, value);
      } else {
        gauge(figure.name, figure.help, labels, static_cast<double>(value));
      }
    }
    ratio("cachekit_client_batch_size_mean",
          "Requests per write since the start; none before the first.", labels,
          static_cast<double>(node.requests), static_cast<double>(node.batches));
  }
  return *this;
}

PrometheusPage& PrometheusPage::add(const StatsReport& report, std::string_view backend) {
  for (const NodeStats& node : report.nodes) {
    const Labels labels{{"backend", backend}, {"node", node.endpoint}};
    gauge("cachekit_server_up", "1 when the node gave its figures.", labels, node.error ? 0 : 1);
    for (const ServerFigure& figure : server_figures) {
      if (figure.counter) {
        counter(figure.name, figure.help, labels, node.*figure.member);
      } else {
        gauge(figure.name, figure.help, labels, as_gauge(node.*figure.member));
      }
    }
    if (node.hits && node.misses) {
      const auto hits = static_cast<double>(*node.hits);
      ratio("cachekit_server_hit_ratio",
            "Hits per look-up since the server's start; none before the first.", labels, hits,
            hits + static_cast<double>(*node.misses));
    }
    gauge("cachekit_server_operations_per_second", "As the server tells.", labels,
          node.operations_per_second);
    if (node.client) add(std::span(&*node.client, 1), backend);
  }
  return *this;
}

std::string CacheMetrics::prometheus(std::string_view backend) const {
  return PrometheusPage().add(*this, backend).text();
}

std::string prometheus(std::span<const ConnectionStats> connections, std::string_view backend) {
  return PrometheusPage().add(connections, backend).text();
}

}  // namespace cachekit
