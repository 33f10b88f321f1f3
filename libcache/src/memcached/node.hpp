#pragma once

#include "memcached/batch.hpp"
#include "memcached/server_list.hpp"
#include "net/channel.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>
#include <cachekit/memcached.hpp>

#include <string>

namespace cachekit::memcached {

/// One server and the way to it. Threads: all members may be called from any thread at once.
class Node {
 public:
  Node(const Server& server, const MemcachedConfig& config);

  [[nodiscard]] const std::string& endpoint() const noexcept { return channel_.endpoint(); }
  [[nodiscard]] net::Channel& channel() noexcept { return channel_; }

  /// Opens the connections that are kept. Errors: those of `net::Channel::open`.
  [[nodiscard]] Result<void> open(Deadline deadline) { return channel_.open(deadline); }
  [[nodiscard]] Result<void> execute(CommandRequest& request, Deadline deadline) {
    return channel_.execute(request, deadline);
  }

 private:
  net::Channel channel_;
};

}  // namespace cachekit::memcached
