#pragma once

#include "core/internal.hpp"
#include "core/mutex.hpp"
#include "net/routing/node.hpp"
#include "net/transport/address.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>
#include <cachekit/report.hpp>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace cachekit::net {

/// The nodes of one backend, by their endpoints. Those of a fixed topology are added once; one that
/// changes takes up and drops nodes while requests run.
///
/// A node that was dropped takes no more requests of those who look it up, answers what is under
/// way, and is destroyed when nobody has it any more: never by the threads of its own that may have
/// it last, but by whoever changes the set next, or ends it.
///
/// Threads: all members may be called from any thread at once, but for `end`.
class CACHEKIT_INTERNAL NodeSet {
 public:
  /// Makes the node that listens there. No I/O. Errors: throws `std::bad_alloc`.
  using Make = std::function<NodeRef(const Address& address)>;

  explicit NodeSet(Make make) : make_(std::move(make)) {}
  ~NodeSet() { end(); }
  NodeSet(const NodeSet&) = delete;
  NodeSet& operator=(const NodeSet&) = delete;

  /// The node there, which is made where there is none yet, or no longer one. Null once the set has
  /// ended.
  [[nodiscard]] NodeRef at(const Address& address);
  /// Drops all nodes but those at these addresses. None is made.
  void keep_only(std::span<const Address> addresses);
  /// Those there are, in the order in which they came.
  [[nodiscard]] std::vector<NodeRef> all() const;
  [[nodiscard]] std::size_t size() const;

  /// Opens the connections of all nodes side by side. Errors: of the first node that failed.
  [[nodiscard]] Result<void> open(Deadline deadline);
  /// One for each node, in order. No I/O that waits.
  [[nodiscard]] std::vector<ConnectionStats> connections() const;
  /// As `Channel::end`, of all nodes, dropped ones as well.
  void end() noexcept;

 private:
  [[nodiscard]] std::vector<NodeRef> take_unused() CACHEKIT_REQUIRES(mutex_);

  const Make make_;

  mutable core::Mutex mutex_;
  std::vector<NodeRef> nodes_ CACHEKIT_GUARDED_BY(mutex_);
  std::vector<NodeRef> dropped_ CACHEKIT_GUARDED_BY(mutex_);  // Somebody may have them yet.
  bool ended_ CACHEKIT_GUARDED_BY(mutex_) = false;
};

/// The same for nodes that are at hand. Errors: of the first that failed.
[[nodiscard]] CACHEKIT_INTERNAL Result<void> open_all(std::span<const NodeRef> nodes,
                                                      Deadline deadline);
/// Ends the channels of nodes that may have had requests of each other in their hands.
CACHEKIT_INTERNAL void end_all(std::span<const NodeRef> nodes) noexcept;
/// Of each, in order.
[[nodiscard]] CACHEKIT_INTERNAL std::vector<ConnectionStats> connections_of(
    std::span<const NodeRef> nodes);

}  // namespace cachekit::net
