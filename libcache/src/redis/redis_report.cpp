#include "redis/backend_impl.hpp"
#include "redis/info.hpp"

namespace cachekit {

using redis::Replay;

PingReport RedisBackend::do_ping(Deadline deadline) {
  redis::Client& client = impl_->client;
  NodePing node{.endpoint = client.endpoint()};
  // The first PING may have to connect; the second one is timed.
  auto alive = client.run({"PING"}, Replay::yes, redis::only_status, deadline);
  const auto start = Deadline::clock::now();
  if (alive) alive = client.run({"PING"}, Replay::yes, redis::only_status, deadline);
  node.round_trip =
      std::chrono::duration_cast<std::chrono::microseconds>(Deadline::clock::now() - start);
  if (!alive) {
    node.error = alive.error();
    return {.nodes = {std::move(node)}};
  }
  // An ACL may withhold INFO; the node is alive all the same.
  if (const auto info = client.run({"INFO"}, Replay::yes, redis::only_string, deadline)) {
    const redis::Info facts = redis::parse_info(info->text);
    const std::string_view role = redis::find(facts, "role");
    node.role = role == "slave" ? "replica" : role;
    node.version = redis::find(facts, "redis_version");
  }
  return {.nodes = {std::move(node)}};
}

StatsReport RedisBackend::do_stats(Deadline deadline) {
  redis::Client& client = impl_->client;
  NodeStats node;
  auto info = client.run({"INFO"}, Replay::yes, redis::only_string, deadline);
  if (!info) {
    node.error = std::move(info).error();
  } else {
    node = redis::stats_of(redis::parse_info(info->text));
    node.items = redis::keys_of_all(info->text);  // Of the whole server, as all the rest.
  }
  node.endpoint = client.endpoint();
  node.client = client.channel().stats();
  return {.nodes = {std::move(node)}};
}

std::vector<ConnectionStats> RedisBackend::do_connections() {
  return {impl_->client.channel().stats()};
}

}  // namespace cachekit
