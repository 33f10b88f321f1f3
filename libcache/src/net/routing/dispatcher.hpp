#pragma once

#include "core/internal.hpp"
#include "net/mux/async_request.hpp"
#include "net/routing/node.hpp"
#include "net/routing/pauses.hpp"
#include "net/routing/router.hpp"
#include "net/routing/split_batch.hpp"
#include "net/routing/write_order.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

#include <string>
#include <string_view>

namespace cachekit::net {

/// What came of a request, and who said so (null: nobody was asked).
struct Answered {
  Result<void> outcome{};
  NodeRef by{};
};

/// Sends requests where a router says, and again elsewhere where a reply says so, which is seen
/// before the request is settled: for callers who wait, for batches, of which only the part goes
/// again that was refused, and for requests that nobody waits for.
///
/// - A refusal says that a command was not carried out. So a write goes once for each refusal, and
///   what was sent and not answered is `outcome_unknown` as ever.
/// - A request follows `max_redirects` redirects. It is retried as long as its budget has room for
///   the pause; an asynchronous write, as long as no later one of its key has been begun.
/// - What one thread begins reaches a node in that order (`Channel`), also what that node sends
///   elsewhere. One that is on its way from one node to another may be overtaken by what its thread
///   begins later, and goes to the other node at once.
///
/// Threads: all members may be called from any thread at once. Cost, where the router is `fixed`:
/// no allocation and no atomic operation more than the channel's own.
class CACHEKIT_INTERNAL Dispatcher {
 public:
  /// As the clients of Redis Cluster have it: two hops are common, more say that nodes disagree.
  static constexpr int max_redirects = 5;

  /// Lifetime: of the router and its nodes, longer.
  explicit Dispatcher(Router& router) noexcept : router_(router) {}
  ~Dispatcher() { end(); }
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;

  /// Runs a request at the node of a key. Errors: those of `Channel::execute` and of the router;
  /// `unavailable` after too many redirects; where there is no time to try it again `timeout`, or
  /// the refusal itself, as the verdict says.
  [[nodiscard]] Answered execute(Request& request, std::string_view key, Deadline deadline);
  /// Runs commands at the nodes of their keys, side by side; each has its outcome then. Those of
  /// one node go in pieces, one after another. Errors: throws `std::bad_alloc`; commands without an
  /// outcome may be under way no more.
  void execute(SplitBatch& batch, Deadline deadline);
  /// Sends a request on its way to a node that `Router::node_of` has given for the key; never waits
  /// for the network. It is settled exactly once. Lifetime: as of `Channel::start`; of the key,
  /// until it is settled. Requires: the node is not null.
  void start(AsyncRequest& request, const NodeRef& node, std::string_view key) noexcept;

  /// Settles what pauses, and pauses no more. To be called before the nodes are ended.
  void end() noexcept { pauses_.end(); }

 private:
  friend class BatchRun;
  friend class ReroutedCall;

  [[nodiscard]] Answered execute_again(Request& request, std::string_view key, Deadline deadline,
                                       Answered answered);

  Router& router_;
  Pauses pauses_;
  WriteOrder writes_;
};

}  // namespace cachekit::net
