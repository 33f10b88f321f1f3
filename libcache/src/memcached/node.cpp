#include "memcached/node.hpp"

#include "memcached/protocol.hpp"

#include <memory>

namespace cachekit::memcached {

net::NodeRef make_node(const Server& server, const MemcachedConfig& config) {
  const net::ChannelOptions options{.address = server.address,
                                    .max_connections = config.max_connections,
                                    .min_connections = config.min_connections,
                                    .connection_timeout = config.connection_timeout,
                                    .combiner = {.max_requests = config.max_in_flight,
                                                 .max_bytes = config.max_in_flight_bytes.count,
                                                 .longest_silence = config.operation_timeout}};
  return std::make_shared<Node>(options, std::make_shared<MemcachedProtocol>());
}

}  // namespace cachekit::memcached
