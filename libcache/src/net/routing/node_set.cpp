#include "net/routing/node_set.hpp"

#include "core/out_of_memory.hpp"

#include <cachekit/runtime.hpp>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <new>
#include <utility>

namespace cachekit::net {

NodeRef NodeSet::at(const Address& address) {
  const std::string endpoint = address.endpoint();
  const core::MutexLock lock(mutex_);
  if (ended_) return nullptr;
  const auto found = std::ranges::find(nodes_, endpoint, &Node::endpoint);
  if (found != nodes_.end()) return *found;
  nodes_.reserve(nodes_.size() + 1);
  dropped_.reserve(dropped_.size() + nodes_.size() + 1);  // Dropping needs no memory.
  return nodes_.emplace_back(make_(address));
}

void NodeSet::keep_only(std::span<const Address> addresses) {
  std::vector<std::string> endpoints;
  for (const Address& address : addresses) endpoints.push_back(address.endpoint());
  std::vector<NodeRef> unused;  // Destroyed without the lock.
  {
    const core::MutexLock lock(mutex_);
    const auto kept = [&](const NodeRef& node) {
      return std::ranges::find(endpoints, node->endpoint()) != endpoints.end();
    };
    const auto gone = std::stable_partition(nodes_.begin(), nodes_.end(), kept);
    dropped_.insert(dropped_.end(), gone, nodes_.end());
    nodes_.erase(gone, nodes_.end());
    unused = take_unused();
  }
}

// Nobody can come to have one again that nobody has.
std::vector<NodeRef> NodeSet::take_unused() {
  std::vector<NodeRef> unused;
  unused.reserve(dropped_.size());
  for (NodeRef& node : dropped_) {
    if (node.use_count() == 1) unused.push_back(std::move(node));
  }
  std::erase(dropped_, nullptr);
  return unused;
}

std::vector<NodeRef> NodeSet::all() const {
  const core::MutexLock lock(mutex_);
  return nodes_;
}

std::size_t NodeSet::size() const {
  const core::MutexLock lock(mutex_);
  return nodes_.size();
}

Result<void> NodeSet::open(Deadline deadline) { return open_all(all(), deadline); }

std::vector<ConnectionStats> NodeSet::connections() const { return connections_of(all()); }

void NodeSet::end() noexcept {
  std::vector<NodeRef> nodes;
  std::vector<NodeRef> dropped;
  {
    const core::MutexLock lock(mutex_);
    ended_ = true;
    nodes.swap(nodes_);
    dropped.swap(dropped_);
  }
  end_all(nodes);
  end_all(dropped);
  end_all(nodes);
}

// Where there is no thread to be had, one after the other.
Result<void> open_all(std::span<const NodeRef> nodes, Deadline deadline) {
  std::vector<Result<void>> outcomes(nodes.size());
  std::vector<std::unique_ptr<Runtime::Thread>> opening;
  opening.reserve(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto open_one = [&node = *nodes[i], &outcome = outcomes[i], deadline]() noexcept {
      try {
        outcome = node.open(deadline);
      } catch (const std::bad_alloc&) {
        outcome = fail(out_of_memory());
      }
    };
    try {
      opening.push_back(Runtime::system().start(open_one));
    } catch (const std::exception&) {
      open_one();
    }
  }
  opening.clear();  // All of them have ended then.
  const auto failed = std::ranges::find(outcomes, false, &Result<void>::has_value);
  return failed == outcomes.end() ? Result<void>() : std::move(*failed);
}

void end_all(std::span<const NodeRef> nodes) noexcept {
  for (int pass = 0; pass < 2; ++pass) {
    for (const NodeRef& node : nodes) node->channel().end();
  }
}

std::vector<ConnectionStats> connections_of(std::span<const NodeRef> nodes) {
  std::vector<ConnectionStats> all;
  all.reserve(nodes.size());
  for (const NodeRef& node : nodes) all.push_back(node->channel().stats());
  return all;
}

}  // namespace cachekit::net
