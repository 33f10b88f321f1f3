#include "memcached/cluster.hpp"

#include "memcached/command_batch.hpp"
#include "memcached/config_check.hpp"
#include "memcached/server_list.hpp"
#include "net/routing/fan_out.hpp"

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
  std::vector<net::NodeRef> nodes;
  for (const Server& server : *servers) nodes.push_back(make_node(server, config));
  return Cluster(*std::move(ring), std::move(nodes));
}

// A miss says nothing of the value that there was, or will be.
void Cluster::note_fetched(const Command& command, const Result<Reply>& reply) noexcept {
  const bool fetched = reply && reply->status == Reply::Status::done;
  if (fetched && is_fetch(command.verb)) large_keys_->note(command.key, reply->value.size());
}

Result<Reply> Cluster::ask(const Command& command, Deadline deadline) {
  note_stored(command);
  SingleCommand request(command, expects_large(command));
  net::Answered answered = routes_->dispatcher.execute(request, command.key, deadline);
  Result<Reply>& reply = request.reply();
  if (!answered.outcome) reply = fail(std::move(answered.outcome).error());
  note_fetched(command, reply);
  locate(reply, answered.by->endpoint());
  return std::move(reply);
}

std::vector<Result<Reply>> Cluster::ask_many(std::span<const Command> commands, Deadline deadline) {
  for (const Command& command : commands) note_stored(command);
  CommandBatch batch(*this, commands);
  routes_->dispatcher.execute(batch, deadline);
  return std::move(batch.replies());
}

std::vector<NodeBatch> Cluster::ask_all(Verb verb, Deadline deadline) {
  std::vector<NodeBatch> batches(size());
  for (std::size_t i = 0; i < size(); ++i) {
    batches[i].node = nodes()[i].get();
    batches[i].batch.add({.verb = verb});
  }
  run_all(batches, deadline);
  return batches;
}

}  // namespace cachekit::memcached
