#include "memcached/node.hpp"

namespace cachekit::memcached {

Node::Node(const Server& server, const MemcachedConfig& config)
    : protocol_(std::make_shared<MemcachedProtocol>()),
      channel_({.address = server.address,
                .max_connections = config.max_connections,
                .min_connections = config.min_connections,
                .connection_timeout = config.connection_timeout},
               protocol_) {}

Result<void> Node::open() {
  Result<void> opened = channel_.open();
  if (wants_classic(opened)) opened = channel_.open();
  if (!opened) drop_suspicion();
  return opened;
}

Result<void> Node::execute(Batch& batch, Deadline deadline) {
  Result<void> done = channel_.execute(batch, deadline);
  if (!wants_classic(done)) return done;
  done = channel_.execute(batch, deadline);
  if (!done) drop_suspicion();
  return done;
}

bool Node::wants_classic(const Result<void>& outcome) const noexcept {
  // `unavailable` means that nothing was sent, or nothing but reads.
  return !outcome && outcome.error().code == Errc::unavailable && protocol_->suspects_classic();
}

}  // namespace cachekit::memcached
