#pragma once

#include "memcached/batch.hpp"
#include "memcached/node.hpp"
#include "memcached/ring.hpp"
#include "net/large_keys.hpp"

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
#include <vector>

namespace cachekit::memcached {

/// The commands for one node, and how they fared.
struct NodeBatch {
  Node* node = nullptr;
  Batch batch{};
  std::vector<std::size_t> positions{};  ///< Where in the caller's list each command comes from.
  Result<void> outcome{};
};

/// The servers of one configuration, in its order, and the ring that spreads keys over them.
/// Threads: all members may be called from any thread at once.
class Cluster {
 public:
  /// No I/O. Errors: `invalid_argument`, for whatever is wrong in the configuration.
  [[nodiscard]] static Result<Cluster> build(const MemcachedConfig& config);

  /// Opens the connections of all nodes side by side. Errors: of the first node that failed.
  [[nodiscard]] Result<void> open(Deadline deadline);
  [[nodiscard]] std::span<const std::unique_ptr<Node>> nodes() const noexcept { return nodes_; }
  [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }
  /// Below `size()`.
  [[nodiscard]] std::size_t owner_number(std::string_view key) const { return ring_.owner(key); }
  [[nodiscard]] Node& owner(std::string_view key) const { return *nodes_[owner_number(key)]; }

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
  /// As `net::Channel::end`, of all nodes.
  void end() noexcept {
    for (int pass = 0; pass < 2; ++pass) {  // One may have had requests of another in its hands.
      for (const std::unique_ptr<Node>& node : nodes_) node->channel().end();
    }
  }
  /// One for each node, in order. No I/O that waits.
  [[nodiscard]] std::vector<ConnectionStats> connections() const;

 private:
  // Counters are looked at in another way, and are small.
  [[nodiscard]] static constexpr bool is_fetch(Verb verb) noexcept {
    return verb == Verb::get || verb == Verb::gets;
  }

  Cluster(Ring ring, std::vector<std::unique_ptr<Node>> nodes)
      : ring_(std::move(ring)), nodes_(std::move(nodes)) {}

  [[nodiscard]] std::vector<NodeBatch> by_node(std::span<const Command> commands);

  Ring ring_;
  // Before the nodes, whose last requests note sizes.
  std::unique_ptr<net::LargeKeys> large_keys_ = std::make_unique<net::LargeKeys>();
  std::vector<std::unique_ptr<Node>> nodes_;
};

}  // namespace cachekit::memcached
