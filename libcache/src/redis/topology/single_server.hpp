#pragma once

#include "net/routing/node.hpp"
#include "net/routing/router.hpp"

#include <string_view>

// redis/topology/: which servers there are, which of them a key's request goes to, and what their
// refusals mean for that: a file a topology, each a `net::Router`. How commands are said and what
// other replies mean is not theirs.

namespace cachekit::redis {

/// The router of a single server: what it refuses for a moment is asked again after a random pause
/// that grows, while the budget lasts. Who has no more time is told what the server said.
class SingleServer final : public net::Router {
 public:
  /// Lifetime: of the node, longer than that of all requests.
  explicit SingleServer(net::Node& node) noexcept : node_(node) {}

  [[nodiscard]] net::NodeRef node_of(std::string_view) noexcept override {
    return net::borrowed(node_);
  }
  [[nodiscard]] net::NodeRef sole_node() noexcept override { return net::borrowed(node_); }
  [[nodiscard]] bool fixed() const noexcept override { return false; }
  /// Requires: a `CommandRequest`'s attempt.
  [[nodiscard]] net::Verdict judge(const net::Attempt& attempt) override;

 private:
  net::Node& node_;
};

}  // namespace cachekit::redis
