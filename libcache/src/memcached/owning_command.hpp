#pragma once

#include "memcached/batch.hpp"
#include "memcached/cluster.hpp"
#include "memcached/node.hpp"
#include "net/mux/async_state.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/pending.hpp>

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace cachekit::memcached {

/// A command that owns all it refers to; `ReplyValue` tells what its reply is to the caller.
/// Lifetime: of the cluster, longer.
template <typename T, Result<T> (*ReplyValue)(Reply&&, const std::string&)>
class OwningCommand final : private net::OwnedBytes, public SingleCommand {
 public:
  using net::OwnedBytes::release_bytes;

  OwningCommand(const Command& command, Cluster& cluster, std::string endpoint)
      : SingleCommand(own(command), cluster.expects_large(command)),
        cluster_(cluster),
        endpoint_(std::move(endpoint)) {}

  [[nodiscard]] Result<T> take(const Result<void>& outcome) {
    if (!outcome) return fail(outcome.error());
    locate(reply(), endpoint_);
    if (!reply()) return fail(std::move(reply()).error());
    cluster_.note_fetched(command(), reply());
    return ReplyValue(*std::move(reply()), endpoint_);
  }

 private:
  Cluster& cluster_;
  std::string endpoint_;
};

/// Sends a command on its way; `report` is told the result. Errors: throws `std::bad_alloc`, and
/// then nothing is under way.
template <typename T, Result<T> (*ReplyValue)(Reply&&, const std::string&)>
[[nodiscard]] Pending<T> start(Cluster& cluster, const Command& command, Deadline deadline,
                               std::stop_token stop, std::function<void(const Result<T>&)> report) {
  using State = net::AsyncState<T, OwningCommand<T, ReplyValue>>;
  Node& node = cluster.owner(command.key);
  cluster.note_stored(command);
  auto* const state = new State(deadline, std::move(report), command, cluster, node.endpoint());
  state->stop_with(std::move(stop));
  cluster.start(*state, state->call().command().key);
  return Pending<T>(state);
}

}  // namespace cachekit::memcached
