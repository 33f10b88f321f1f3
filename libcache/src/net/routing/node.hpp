#pragma once

#include "core/internal.hpp"
#include "net/channel.hpp"
#include "net/protocol.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

#include <memory>
#include <string>
#include <utility>

namespace cachekit::net {

/// One server and the way to it. Threads: all members may be called from any thread at once.
class CACHEKIT_INTERNAL Node {
 public:
  Node(const ChannelOptions& options, std::shared_ptr<const Protocol> protocol)
      : channel_(options, std::move(protocol)) {}

  [[nodiscard]] const std::string& endpoint() const noexcept { return channel_.endpoint(); }
  [[nodiscard]] Channel& channel() noexcept { return channel_; }

  /// Opens the connections that are kept. Errors: those of `Channel::open`.
  [[nodiscard]] Result<void> open(Deadline deadline) { return channel_.open(deadline); }
  /// As `Channel::execute`.
  [[nodiscard]] Result<void> execute(Request& request, Deadline deadline) {
    return channel_.execute(request, deadline);
  }

 private:
  Channel channel_;
};

/// A node as whoever asks it holds it: a topology may drop it meanwhile, and what is under way goes
/// on to its end.
using NodeRef = std::shared_ptr<Node>;

/// The same for a node that outlives all who ask it. Cost: counts nothing.
[[nodiscard]] inline NodeRef borrowed(Node& node) noexcept { return {NodeRef(), &node}; }

}  // namespace cachekit::net
