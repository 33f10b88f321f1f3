#include "core/out_of_memory.hpp"
#include "memcached/error_map.hpp"
#include "memcached/memcached_driver.hpp"
#include "memcached/server_stats.hpp"

#include <cstddef>
#include <new>
#include <utility>

namespace cachekit::memcached {
namespace {

Result<Reply> reply_of(NodeBatch& one) {
  Result<Reply> reply = one.outcome ? std::move(one.batch.replies().front())
                                    : Result<Reply>(fail(std::move(one.outcome).error()));
  if (!reply) reply.error().endpoint = one.node->endpoint();
  return reply;
}

// Every node, with the error that there was no memory for its answer.
template <typename Report>
Report without_memory(const Cluster& cluster) {
  Report report;
  report.nodes.resize(cluster.nodes().size());
  for (std::size_t i = 0; i < report.nodes.size(); ++i) {
    report.nodes[i].endpoint = cluster.nodes()[i]->endpoint();
    report.nodes[i].error = out_of_memory();
  }
  return report;
}

PingReport ping_nodes(Cluster& cluster, Deadline deadline) {
  PingReport report;
  for (NodeBatch& one : cluster.ask_all(Verb::version, deadline)) {
    NodePing node{.endpoint = one.node->endpoint()};
    Result<Reply> reply = reply_of(one);
    if (reply) {
      node.role = "server";
      node.version = printable(reply->value);
      node.round_trip = one.batch.round_trip();
    } else {
      node.error = std::move(reply).error();
    }
    report.nodes.push_back(std::move(node));
  }
  return report;
}

StatsReport stats_of_nodes(Cluster& cluster, Deadline deadline) {
  StatsReport report;
  for (NodeBatch& one : cluster.ask_all(Verb::stats, deadline)) {
    Result<Reply> reply = reply_of(one);
    NodeStats node = reply ? read_server_stats(reply->value) : NodeStats{};
    node.endpoint = one.node->endpoint();
    node.client = one.node->channel().stats();
    if (!reply) node.error = std::move(reply).error();
    report.nodes.push_back(std::move(node));
  }
  return report;
}

}  // namespace

PingReport MemcachedDriver::ping(Deadline deadline) {
  if (!cluster_) return {.nodes = {{.endpoint = target(), .error = cluster_.error()}}};
  try {
    return ping_nodes(*cluster_, deadline);
  } catch (const std::bad_alloc&) {
    return without_memory<PingReport>(*cluster_);
  }
}

StatsReport MemcachedDriver::stats(Deadline deadline) {
  if (!cluster_) return {.nodes = {{.endpoint = target(), .error = cluster_.error()}}};
  try {
    return stats_of_nodes(*cluster_, deadline);
  } catch (const std::bad_alloc&) {
    return without_memory<StatsReport>(*cluster_);
  }
}

std::vector<ConnectionStats> MemcachedDriver::connections() {
  if (!cluster_) return {};
  return cluster_->connections();
}

}  // namespace cachekit::memcached
