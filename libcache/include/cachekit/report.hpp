#pragma once

#include <cachekit/error.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
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

/// One node's figures in one vocabulary; what a server does not tell is empty, never 0.
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
  std::optional<Error> error{};                            ///< Set when this node gave no figures.

  /// hits / (hits + misses); empty where either is unknown, 0 when nothing was asked.
  [[nodiscard]] std::optional<double> hit_ratio() const noexcept {
    if (!hits || !misses) return std::nullopt;
    const double lookups = static_cast<double>(*hits) + static_cast<double>(*misses);
    return lookups == 0 ? 0.0 : static_cast<double>(*hits) / lookups;
  }
};

/// Every node of a backend, in the order of its configuration.
struct StatsReport {
  std::vector<NodeStats> nodes{};
};

}  // namespace cachekit
