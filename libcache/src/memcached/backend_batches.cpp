#include "core/guarded.hpp"
#include "memcached/backend_impl.hpp"

#include <cachekit/memcached.hpp>

#include <utility>

namespace cachekit {

using memcached::Command;
using memcached::Reply;
using memcached::Verb;
using Status = memcached::Reply::Status;

namespace {

std::vector<Command> commands_for(Verb verb, std::span<const std::string_view> keys) {
  std::vector<Command> commands;
  commands.reserve(keys.size());
  for (const std::string_view key : keys) commands.push_back({.verb = verb, .key = key});
  return commands;
}

Result<bool> as_bool(const Result<Reply>& reply) {
  if (!reply) return fail(reply.error());
  return reply->status == Status::done;
}

}  // namespace

std::vector<Result<std::optional<std::string>>> MemcachedBackend::do_get_many(
    std::span<const std::string_view> keys, Deadline deadline) {
  using Outcome = Result<std::optional<std::string>>;
  if (!impl_->cluster) return all_failed<Outcome>(keys.size(), impl_->cluster.error());
  std::vector<Outcome> outcomes;
  outcomes.reserve(keys.size());
  for (Result<Reply>& reply : impl_->cluster->ask_many(commands_for(Verb::get, keys), deadline)) {
    if (!reply) {
      outcomes.emplace_back(fail(std::move(reply).error()));
    } else if (reply->status == Status::done) {
      outcomes.emplace_back(std::move(reply->value));
    } else {
      outcomes.emplace_back(std::nullopt);
    }
  }
  return outcomes;
}

std::vector<Result<bool>> MemcachedBackend::do_set_many(std::span<const SetItem> items,
                                                        SetCondition condition, Deadline deadline) {
  if (!impl_->cluster) return all_failed<Result<bool>>(items.size(), impl_->cluster.error());
  std::vector<Result<bool>> outcomes(items.size(), false);
  std::vector<Command> commands;
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < items.size(); ++i) {
    Result<Command> command = impl_->store_command(items[i], condition);
    if (!command) {
      outcomes[i] = fail(std::move(command).error());
      continue;
    }
    commands.push_back(*command);
    positions.push_back(i);
  }
  const std::vector<Result<Reply>> replies = impl_->cluster->ask_many(commands, deadline);
  for (std::size_t i = 0; i < replies.size(); ++i) outcomes[positions[i]] = as_bool(replies[i]);
  return outcomes;
}

std::vector<Result<bool>> MemcachedBackend::do_remove_many(std::span<const std::string_view> keys,
                                                           Deadline deadline) {
  if (!impl_->cluster) return all_failed<Result<bool>>(keys.size(), impl_->cluster.error());
  std::vector<Result<bool>> outcomes;
  outcomes.reserve(keys.size());
  for (const Result<Reply>& reply :
       impl_->cluster->ask_many(commands_for(Verb::remove, keys), deadline)) {
    outcomes.push_back(as_bool(reply));
  }
  return outcomes;
}

}  // namespace cachekit
