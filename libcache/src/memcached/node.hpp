#pragma once

#include "memcached/batch.hpp"
#include "memcached/protocol.hpp"
#include "memcached/server_list.hpp"
#include "net/channel.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>
#include <cachekit/memcached.hpp>

#include <memory>
#include <string>

namespace cachekit::memcached {

/// One server and the way to it. Threads: all members may be called from any thread at once.
class Node {
 public:
  Node(const Server& server, const MemcachedConfig& config);

  [[nodiscard]] const std::string& endpoint() const noexcept { return channel_.endpoint(); }
  [[nodiscard]] net::Channel& channel() noexcept { return channel_; }

  /// Opens the connections that are kept. Errors: those of `net::Channel::open`.
  [[nodiscard]] Result<void> open();
  [[nodiscard]] Result<void> execute(Batch& batch, Deadline deadline);

  /// Whether a request that came to `outcome` was not sent, only because the peer closed the
  /// connection on the question for its dialect, and so is to be executed again.
  [[nodiscard]] bool wants_classic(const Result<void>& outcome) const noexcept;
  void drop_suspicion() const noexcept { protocol_->drop_suspicion(); }

 private:
  std::shared_ptr<MemcachedProtocol> protocol_;
  net::Channel channel_;
};

}  // namespace cachekit::memcached
