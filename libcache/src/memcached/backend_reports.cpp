#include "core/out_of_memory.hpp"
#include "memcached/backend_impl.hpp"
#include "memcached/server_error.hpp"
#include "memcached/server_stats.hpp"

#include <cachekit/memcached.hpp>

#include <cstddef>
#include <new>
#include <utility>

namespace cachekit {

using memcached::NodeBatch;
using memcached::Reply;
using memcached::Verb;

namespace {

Result<Reply> reply_of(NodeBatch& one) {
  Result<Reply> reply = one.outcome ? std::move(one.batch.replies().front())
                                    : Result<Reply>(fail(std::move(one.outcome).error()));
  if (!reply) reply.error().endpoint = one.node->endpoint();
  return reply;
}

// Every node, with the error that there was no memory for its answer.
template <typename Report>
Report without_memory(const memcached::Cluster& cluster) {
  Report report;
  report.nodes.resize(cluster.nodes().size());
  for (std::size_t i = 0; i < report.nodes.size(); ++i) {
    report.nodes[i].endpoint = cluster.nodes()[i]->endpoint();
    report.nodes[i].error = out_of_memory();
  }
  return report;
}

PingReport ping_nodes(memcached::Cluster& cluster, Deadline deadline) {
  PingReport report;
  for (NodeBatch& one : cluster.ask_all(Verb::version, deadline)) {
    NodePing node{.endpoint = one.node->endpoint()};
    Result<Reply> reply = reply_of(one);
    if (reply) {
      node.role = "server";
      node.version = memcached::printable(reply->value);
      node.round_trip = one.batch.round_trip();
    } else {
      node.error = std::move(reply).error();
    }
    report.nodes.push_back(std::move(node));
  }
  return report;
}

StatsReport stats_of_nodes(memcached::Cluster& cluster, Deadline deadline) {
  StatsReport report;
  for (NodeBatch& one : cluster.ask_all(Verb::stats, deadline)) {
    Result<Reply> reply = reply_of(one);
    NodeStats node = reply ? memcached::read_server_stats(reply->value) : NodeStats{};
    node.endpoint = one.node->endpoint();
    node.client = one.node->channel().stats();
    if (!reply) node.error = std::move(reply).error();
    report.nodes.push_back(std::move(node));
  }
  return report;
}

}  // namespace

PingReport MemcachedBackend::do_ping(Deadline deadline) {
  if (!impl_->cluster) return {.nodes = {{.endpoint = target(), .error = impl_->cluster.error()}}};
  try {
    return ping_nodes(*impl_->cluster, deadline);
  } catch (const std::bad_alloc&) {
    return without_memory<PingReport>(*impl_->cluster);
  }
}

StatsReport MemcachedBackend::do_stats(Deadline deadline) {
  if (!impl_->cluster) return {.nodes = {{.endpoint = target(), .error = impl_->cluster.error()}}};
  try {
    return stats_of_nodes(*impl_->cluster, deadline);
  } catch (const std::bad_alloc&) {
    return without_memory<StatsReport>(*impl_->cluster);
  }
}

std::vector<ConnectionStats> MemcachedBackend::do_connections() {
  if (!impl_->cluster) return {};
  return impl_->cluster->connections();
}

}  // namespace cachekit
