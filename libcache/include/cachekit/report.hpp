#pragma once

#include <cachekit/error.hpp>
#include <cachekit/export.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cachekit {

/// One node's answer to a ping, or why there was none.
struct NodePing {
  std::string endpoint{};
  std::string role{};  ///< "master", "replica", "server", "in-process", or empty where unknown.
  std::string version{};
  std::chrono::microseconds round_trip{0};
  std::optional<Error> error{};  ///< Set when this node is out of reach or said no.
};

/// Every node of a backend, in the order of its configuration.
struct PingReport {
  std::vector<NodePing> nodes{};
  [[nodiscard]] bool ok() const noexcept {
    for (const NodePing& node : nodes) {
      if (node.error) return false;
    }
    return !nodes.empty();
  }
};

/// What this process' own connections to one node do; the server has no part in these figures.
/// Counters begin at 0 with the backend, and anew in a forked child. Connections of transactions
/// and subscribers are not among them.
struct ConnectionStats {
  std::string endpoint{};
  std::uint64_t connections = 0;  ///< Open now.
  /// Requests that wait for their reply, given up ones whose reply is still to come included.
  std::uint64_t in_flight = 0;
  /// Callers that wait for a connection of their own, and asynchronous requests that wait for any.
  std::uint64_t waiting = 0;
  std::uint64_t requests = 0;  ///< Handed to the kernel; one that was sent anew counts twice.
  std::uint64_t batches = 0;   ///< Writes that carried them.
  /// Connections that were made in the place of one that broke: closed by the peer or the network,
  /// or by this side, where a timeout or a reply out of order had left it in doubt.
  std::uint64_t reconnects = 0;
  /// Requests whose deadline passed while a connection had them.
  std::uint64_t timeouts = 0;
  /// Requests given up after they were sent; their reply is thrown away, should it come.
  std::uint64_t abandoned_requests = 0;

  /// requests / batches, empty when nothing was sent: how many requests share a system call.
  [[nodiscard]] std::optional<double> mean_batch() const noexcept {
    if (batches == 0) return std::nullopt;
    return static_cast<double>(requests) / static_cast<double>(batches);
  }
};

/// A page of the Prometheus text format with these figures alone, empty where there are none: see
/// `PrometheusPage::add` in prometheus.hpp, which also merges them with other sources.
[[nodiscard]] CACHEKIT_API std::string prometheus(std::span<const ConnectionStats> connections,
                                                  std::string_view backend);

/// One node's figures in one vocabulary, all of the whole server, whichever database is selected;
/// what a server does not tell is empty, never 0.
struct NodeStats {
  std::string endpoint{};
  std::string version{};
  std::optional<std::uint64_t> uptime_seconds{};
  std::optional<std::uint64_t> connections{};
  std::optional<std::uint64_t> items{};
  std::optional<std::uint64_t> bytes{};
  std::optional<std::uint64_t> max_bytes{};  ///< Empty also where the server has no limit set.
  std::optional<std::uint64_t> hits{};
  std::optional<std::uint64_t> misses{};
  std::optional<std::uint64_t> evictions{};
  std::optional<std::uint64_t> expired{};
  std::optional<double> operations_per_second{};
  std::vector<std::pair<std::string, std::string>> raw{};  ///< The server's own names and values.
  /// This process' view of its connections, also when the node gave no figures; empty for memory.
  std::optional<ConnectionStats> client{};
  std::optional<Error> error{};  ///< Set when this node gave no figures.

  /// hits / (hits + misses); empty where either is unknown, or nothing was asked.
  [[nodiscard]] std::optional<double> hit_ratio() const noexcept {
    if (!hits || !misses) return std::nullopt;
    const double lookups = static_cast<double>(*hits) + static_cast<double>(*misses);
    if (lookups == 0) return std::nullopt;
    return static_cast<double>(*hits) / lookups;
  }
};

/// Every node of a backend, in the order of its configuration.
struct StatsReport {
  std::vector<NodeStats> nodes{};
};

}  // namespace cachekit
