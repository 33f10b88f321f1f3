#include "memcached/backend_impl.hpp"
#include "memcached/server_error.hpp"
#include "memcached/server_stats.hpp"

#include <cachekit/memcached.hpp>

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

}  // namespace

PingReport MemcachedBackend::do_ping(Deadline deadline) {
  if (!impl_->cluster) return {.nodes = {{.endpoint = target(), .error = impl_->cluster.error()}}};
  PingReport report;
  for (NodeBatch& one : impl_->cluster->ask_all(Verb::version, deadline)) {
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

StatsReport MemcachedBackend::do_stats(Deadline deadline) {
  if (!impl_->cluster) return {.nodes = {{.endpoint = target(), .error = impl_->cluster.error()}}};
  StatsReport report;
  for (NodeBatch& one : impl_->cluster->ask_all(Verb::stats, deadline)) {
    Result<Reply> reply = reply_of(one);
    NodeStats node = reply ? memcached::read_server_stats(reply->value) : NodeStats{};
    node.endpoint = one.node->endpoint();
    node.client = one.node->channel().stats();
    if (!reply) node.error = std::move(reply).error();
    report.nodes.push_back(std::move(node));
  }
  return report;
}

std::vector<ConnectionStats> MemcachedBackend::do_connections() {
  if (!impl_->cluster) return {};
  return impl_->cluster->connections();
}

}  // namespace cachekit
