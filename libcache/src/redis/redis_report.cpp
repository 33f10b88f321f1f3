#include "redis/info.hpp"
#include "redis/redis_driver.hpp"

namespace cachekit::redis {

PingReport RedisDriver::ping(Deadline deadline) {
  NodePing node{.endpoint = client_.endpoint()};
  // The first PING may have to connect; the second one is timed.
  auto alive = client_.run({"PING"}, Idempotent::yes, only_pong, deadline);
  const auto start = Deadline::clock::now();
  if (alive) alive = client_.run({"PING"}, Idempotent::yes, only_pong, deadline);
  node.round_trip =
      std::chrono::duration_cast<std::chrono::microseconds>(Deadline::clock::now() - start);
  if (!alive) {
    node.error = alive.error();
    return {.nodes = {std::move(node)}};
  }
  // An ACL may withhold INFO; the node is alive all the same.
  if (const auto info = client_.run({"INFO"}, Idempotent::yes, only_string, deadline)) {
    const Info facts = parse_info(info->text);
    const std::string_view role = find(facts, "role");
    node.role = role == "slave" ? "replica" : role;
    node.version = find(facts, "redis_version");
  }
  return {.nodes = {std::move(node)}};
}

StatsReport RedisDriver::stats(Deadline deadline) {
  NodeStats node;
  auto info = client_.run({"INFO"}, Idempotent::yes, only_string, deadline);
  if (!info) {
    node.error = std::move(info).error();
  } else {
    node = stats_of(parse_info(info->text));
    node.items = keys_of_all(info->text);  // Of the whole server, as all the rest.
  }
  node.endpoint = client_.endpoint();
  node.client = client_.channel().stats();
  return {.nodes = {std::move(node)}};
}

std::vector<ConnectionStats> RedisDriver::connections() { return {client_.channel().stats()}; }

}  // namespace cachekit::redis
