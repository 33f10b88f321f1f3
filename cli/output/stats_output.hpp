#pragma once

#include <cachekit/backend.hpp>

#include <string>

namespace cachekit::cli {

/// The figures of every node and their total; what a node does not tell is "-", null, or left out.
/// `client`: with those of this process' own connections.
[[nodiscard]] std::string stats_table(const StatsReport& report, bool client);
[[nodiscard]] std::string stats_json(const CacheBackend& backend, const StatsReport& report,
                                     bool raw);
/// A page of the Prometheus text format, labelled with backend and node.
[[nodiscard]] std::string stats_prometheus(const CacheBackend& backend, const StatsReport& report);
/// "endpoint<TAB>name<TAB>value" lines with the server's own names.
[[nodiscard]] std::string stats_raw(const StatsReport& report);

/// All nodes as one: sums of what every node tells; a figure that one node keeps back is empty.
[[nodiscard]] NodeStats total_of(const StatsReport& report);

}  // namespace cachekit::cli
