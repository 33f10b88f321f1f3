#include "memcached/cluster.hpp"

#include "memcached/config_check.hpp"
#include "memcached/server_list.hpp"

#include <cachekit/runtime.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace cachekit::memcached {
namespace {

void run_all(std::span<NodeBatch> batches, Deadline deadline) {
  std::vector<net::Submission> submissions;
  submissions.reserve(batches.size());
  for (NodeBatch& one : batches) submissions.push_back({&one.node->channel(), &one.batch});
  std::vector<Result<void>> outcomes = net::execute_all(submissions, deadline);
  for (std::size_t i = 0; i < batches.size(); ++i) batches[i].outcome = std::move(outcomes[i]);
}

}  // namespace

Result<Cluster> Cluster::build(const MemcachedConfig& config) {
  if (Result<void> sound = check_config(config); !sound) return fail(std::move(sound).error());
  const Result<std::vector<Server>> servers = parse_servers(config.servers);
  if (!servers) return fail(servers.error());
  Result<Ring> ring = Ring::build(*servers);
  if (!ring) return fail(std::move(ring).error());
  std::vector<std::unique_ptr<Node>> nodes;
  for (const Server& server : *servers) nodes.push_back(std::make_unique<Node>(server, config));
  return Cluster(*std::move(ring), std::move(nodes));
}

// Where there is no thread to be had, one after the other.
Result<void> Cluster::open(Deadline deadline) {
  std::vector<Result<void>> outcomes(nodes_.size());
  std::vector<std::unique_ptr<Runtime::Thread>> opening;
  opening.reserve(nodes_.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto open_one = [&node = *nodes_[i], &outcome = outcomes[i], deadline] {
      outcome = node.open(deadline);
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

// A miss says nothing of the value that there was, or will be.
void Cluster::note_fetched(const Command& command, const Result<Reply>& reply) noexcept {
  const bool fetched = reply && reply->status == Reply::Status::done;
  if (fetched && is_fetch(command.verb)) large_keys_->note(command.key, reply->value.size());
}

Result<Reply> Cluster::ask(const Command& command, Deadline deadline) {
  Node& node = owner(command.key);
  note_stored(command);
  SingleCommand request(command, expects_large(command));
  Result<void> done = node.execute(request, deadline);
  Result<Reply>& reply = request.reply();
  if (!done) reply = fail(std::move(done).error());
  note_fetched(command, reply);
  locate(reply, node.endpoint());
  return std::move(reply);
}

// The batches of one node are neighbours, as `execute_all` wants them.
std::vector<NodeBatch> Cluster::by_node(std::span<const Command> commands) {
  std::vector<std::vector<std::size_t>> positions(nodes_.size());
  for (std::size_t i = 0; i < commands.size(); ++i) {
    positions[ring_.owner(commands[i].key)].push_back(i);
  }
  std::vector<NodeBatch> batches;
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    for (const std::size_t i : positions[node]) {
      const bool same = !batches.empty() && batches.back().node == nodes_[node].get() &&
                        batches.back().batch.bytes() < net::piece_bytes;
      if (!same) batches.emplace_back().node = nodes_[node].get();
      batches.back().batch.add(commands[i]);
      if (expects_large(commands[i])) batches.back().batch.expect_large();
      batches.back().positions.push_back(i);
    }
  }
  return batches;
}

std::vector<Result<Reply>> Cluster::ask_many(std::span<const Command> commands, Deadline deadline) {
  for (const Command& command : commands) note_stored(command);
  std::vector<NodeBatch> batches = by_node(commands);
  run_all(batches, deadline);

  std::vector<Result<Reply>> replies(commands.size());
  for (NodeBatch& one : batches) {
    if (!one.outcome) one.batch.fail_sent(one.outcome.error());
    for (std::size_t i = 0; i < one.positions.size(); ++i) {
      Result<Reply>& reply = replies[one.positions[i]];
      reply = std::move(one.batch.replies()[i]);
      note_fetched(commands[one.positions[i]], reply);
      locate(reply, one.node->endpoint());
    }
  }
  return replies;
}

std::vector<NodeBatch> Cluster::ask_all(Verb verb, Deadline deadline) {
  std::vector<NodeBatch> batches(nodes_.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    batches[i].node = nodes_[i].get();
    batches[i].batch.add({.verb = verb});
  }
  run_all(batches, deadline);
  return batches;
}

std::vector<ConnectionStats> Cluster::connections() const {
  std::vector<ConnectionStats> all;
  all.reserve(nodes_.size());
  for (const auto& node : nodes_) all.push_back(node->channel().stats());
  return all;
}

}  // namespace cachekit::memcached
