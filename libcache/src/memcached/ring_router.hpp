#pragma once

#include "memcached/ring.hpp"
#include "net/routing/router.hpp"

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace cachekit::memcached {

/// The servers of a list, each with its share of a fixed ring.
class RingRouter final : public net::Router {
 public:
  /// `nodes`: of the servers that the ring was built of, in their order.
  RingRouter(Ring ring, std::vector<net::NodeRef> nodes) noexcept
      : ring_(std::move(ring)), nodes_(std::move(nodes)) {}

  [[nodiscard]] net::NodeRef node_of(std::string_view key) noexcept override {
    return net::borrowed(*nodes_[number_of(key)]);
  }
  /// Which one owns the key; below the number of nodes.
  [[nodiscard]] std::size_t number_of(std::string_view key) const { return ring_.owner(key); }
  [[nodiscard]] std::span<const net::NodeRef> nodes() const noexcept { return nodes_; }

 private:
  Ring ring_;
  std::vector<net::NodeRef> nodes_;
};

}  // namespace cachekit::memcached
