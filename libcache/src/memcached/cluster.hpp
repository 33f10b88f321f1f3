#pragma once

#include "memcached/batch.hpp"
#include "memcached/node.hpp"
#include "memcached/ring_router.hpp"
#include "net/large_keys.hpp"
#include "net/routing/dispatcher.hpp"
#include "net/routing/node_set.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>
#include <cachekit/memcached.hpp>
#include <cachekit/report.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cachekit::memcached {

/// The commands for one node, and how they fared.
struct NodeBatch {
  Node* node = nullptr;
  Batch batch{};
  Result<void> outcome{};
};

/// The servers of one configuration, in its order, and the ring that spreads keys over them.
/// Threads: all members may be called from any thread at once.
class Cluster {
 public:
  /// No I/O. Errors: `invalid_argument`, for whatever is wrong in the configuration.
  [[nodiscard]] static Result<Cluster> build(const MemcachedConfig& config);

  /// Opens the connections of all nodes side by side. Errors: of the first node that failed.
  [[nodiscard]] Result<void> open(Deadline deadline) { return net::open_all(nodes(), deadline); }
  [[nodiscard]] std::span<const net::NodeRef> nodes() const noexcept {
    return routes_->router.nodes();
  }
  [[nodiscard]] std::size_t size() const noexcept { return nodes().size(); }
  /// Below `size()`.
  [[nodiscard]] std::size_t owner_number(std::string_view key) const {
    return routes_->router.number_of(key);
  }
  [[nodiscard]] Node& owner(std::string_view key) const { return *nodes()[owner_number(key)]; }

  /// Which keys had large values lately: who reads one keeps out of the way of others.
  [[nodiscard]] bool expects_large(const Command& command) const noexcept {
    return is_fetch(command.verb) && large_keys_->contains(command.key);
  }
  /// Notes how large the value is that a command stores.
  void note_stored(const Command& command) noexcept {
    if (command.verb == Verb::store) large_keys_->note(command.key, command.value.size());
  }
  /// Notes how large the value was that a command has got.
  void note_fetched(const Command& command, const Result<Reply>& reply) noexcept;

  /// Asks the owner of the command's key.
  [[nodiscard]] Result<Reply> ask(const Command& command, Deadline deadline);
  /// Asks the owners of many keys side by side; one outcome for each command, in order.
  [[nodiscard]] std::vector<Result<Reply>> ask_many(std::span<const Command> commands,
                                                    Deadline deadline);
  /// Asks every node the same, side by side; one for each node, in order.
  [[nodiscard]] std::vector<NodeBatch> ask_all(Verb verb, Deadline deadline);
  /// Sends a request on its way to the owner of the key; as `net::Dispatcher::start`.
  void start(net::AsyncRequest& request, std::string_view key) {
    routes_->dispatcher.start(request, routes_->router.node_of(key), key);
  }
  /// As `net::Channel::end`, of all nodes.
  void end() noexcept {
    routes_->dispatcher.end();
    net::end_all(nodes());
  }
  /// One for each node, in order. No I/O that waits.
  [[nodiscard]] std::vector<ConnectionStats> connections() const {
    return net::connections_of(nodes());
  }

 private:
  // Counters are looked at in another way, and are small.
  [[nodiscard]] static constexpr bool is_fetch(Verb verb) noexcept {
    return verb == Verb::get || verb == Verb::gets;
  }

  struct Routes {
    Routes(Ring ring, std::vector<net::NodeRef> nodes)
        : router(std::move(ring), std::move(nodes)) {}

    RingRouter router;
    net::Dispatcher dispatcher{router};
  };

  Cluster(Ring ring, std::vector<net::NodeRef> nodes)
      : routes_(std::make_unique<Routes>(std::move(ring), std::move(nodes))) {}

  // Before the nodes, whose last requests note sizes.
  std::unique_ptr<net::LargeKeys> large_keys_ = std::make_unique<net::LargeKeys>();
  std::unique_ptr<Routes> routes_;
};

}  // namespace cachekit::memcached
