#include "memcached/memcached_driver.hpp"

#include "memcached/compare_and_set.hpp"
#include "memcached/compare_and_set_batch.hpp"
#include "memcached/compare_and_set_call.hpp"
#include "memcached/counting.hpp"
#include "memcached/counting_batch.hpp"
#include "memcached/counting_call.hpp"
#include "memcached/operations.hpp"
#include "memcached/owning_command.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace cachekit::memcached {
namespace {

tl::unexpected<Error> no_keys() {
  return fail(Errc::unsupported, "memcached cannot list keys, nor remove them by a pattern", {},
              "remove keys by name, let them expire, clear everything, or use Redis");
}

tl::unexpected<Error> no_leases() {
  return fail(Errc::unsupported, "Memcached has no place for leases", {},
              "ask capabilities().leases");
}

template <typename Operation>
Result<typename Operation::Value> value_or_error(Result<Reply>&& reply) {
  if (!reply) return fail(std::move(reply).error());
  return value_of<Operation>(*std::move(reply), {});
}

}  // namespace

Capabilities MemcachedDriver::capabilities() const {
  constexpr std::uint64_t server_default = std::uint64_t{1} << 20U;
  return {.remaining_ttl = true,
          .binary_keys = true,
          .compare_and_set = true,
          .clustering = true,
          .ttl_resolution = std::chrono::seconds(1),
          .max_key_bytes = max_key_bytes,
          .max_value_bytes = std::min(config_.max_value.count, server_default)};
}

std::string MemcachedDriver::target() const {
  return fmt::format("memcached://{}", fmt::join(config_.servers, ","));
}

Result<void> MemcachedDriver::check_value(std::string_view value) const {
  if (value.size() <= config_.max_value.count) return {};
  return fail(Errc::too_large,
              fmt::format("the value has {} bytes; memcached.max_value allows {}", value.size(),
                          config_.max_value.count),
              {}, "store less, or raise max_value and the server's -I");
}

Result<void> MemcachedDriver::connect() {
  if (!cluster_) return fail(cluster_.error());
  return cluster_->open(Deadline::after(config_.connection_timeout));
}

template <typename Operation>
void MemcachedDriver::run_one(const BatchOf<Operation>& batch, Deadline deadline) {
  const Result<Command> command = command_for(batch.operations[0]);
  batch.outcomes[0] = command ? value_or_error<Operation>(cluster_->ask(*command, deadline))
                              : Result<typename Operation::Value>(fail(command.error()));
}

template <typename Operation>
void MemcachedDriver::run_many(const BatchOf<Operation>& batch, Deadline deadline) {
  std::vector<Command> commands;
  std::vector<std::size_t> positions;
  commands.reserve(batch.operations.size());
  positions.reserve(batch.operations.size());
  for (std::size_t i = 0; i < batch.operations.size(); ++i) {
    Result<Command> command = command_for(batch.operations[i]);
    if (command) {
      commands.push_back(*command);
      positions.push_back(i);
    } else {
      batch.outcomes[i] = fail(std::move(command).error());
    }
  }
  std::vector<Result<Reply>> replies = cluster_->ask_many(commands, deadline);
  for (std::size_t i = 0; i < replies.size(); ++i) {
    batch.outcomes[positions[i]] = value_or_error<Operation>(std::move(replies[i]));
  }
}

Result<std::int64_t> MemcachedDriver::run_increment(const operation::Increment& one,
                                                    Deadline deadline) {
  Counting counting(one.key, one.by, cluster_->owner(one.key).endpoint());
  std::optional<Command> next;
  if (Counting::is_small(one.by)) {
    std::vector<Result<Reply>> replies = cluster_->ask_many(attempt(one.key, one.by), deadline);
    next = counting.tried(std::move(replies[0]), replies[1]);
  } else {
    next = counting.first_look();
  }
  while (next) {
    next = counting.answered(cluster_->ask(*next, counting.due(deadline)));
  }
  return std::move(counting.outcome());
}

Result<bool> MemcachedDriver::run_compare_and_set(const operation::CompareAndSet& one,
                                                  Deadline deadline) {
  CompareAndSetSteps steps(one, cluster_->owner(one.key).endpoint());
  std::optional<Command> next = steps.begin();
  while (next) next = steps.answered(cluster_->ask(*next, deadline));
  return std::move(steps.outcome());
}

void MemcachedDriver::run(const AnyBatch& any, Deadline deadline) {
  if (!cluster_) return fail_each(any, cluster_.error());
  const auto run = [&]<typename Operation>(const BatchOf<Operation>& batch) {
    if constexpr (OneCommand<Operation>) {
      if (batch.operations.size() > 1) return run_many(batch, deadline);
      run_one(batch, deadline);
    } else if constexpr (std::is_same_v<Operation, operation::Increment>) {
      if (batch.operations.size() > 1) return CountingBatch(*cluster_, batch, deadline).run();
      batch.outcomes[0] = run_increment(batch.operations[0], deadline);
    } else if constexpr (std::is_same_v<Operation, operation::CompareAndSet>) {
      if (batch.operations.size() > 1) return CompareAndSetBatch(*cluster_, batch, deadline).run();
      batch.outcomes[0] = run_compare_and_set(batch.operations[0], deadline);
    } else if constexpr (operation::OfLeases<Operation>) {
      fail_each(batch, no_leases().value());
    } else {
      fail_each(batch, no_keys().value());
    }
  };
  std::visit(run, any);
}

template <typename Operation>
void MemcachedDriver::begin(AsyncCall<Operation>& call) {
  if constexpr (operation::OfLeases<Operation>) {
    call.done(no_leases());
  } else {
    const Result<Command> command = command_for(call.operation);
    if (!command) return call.done(fail(command.error()));
    call.pending = memcached::start<typename Operation::Value, value_of<Operation>>(
        *cluster_, *command, call.deadline, std::move(call.stop), std::move(call.report));
  }
}

void MemcachedDriver::begin(AsyncCall<operation::ScanPage>& call) { call.done(no_keys()); }

void MemcachedDriver::begin(AsyncCall<operation::Increment>& call) {
  auto* const state = new CountingCall(*cluster_, refused_counts_, call.operation.key,
                                       call.operation.by, call.deadline, std::move(call.report));
  call.pending = Pending<std::int64_t>(state);
  state->start(std::move(call.stop));
}

void MemcachedDriver::begin(AsyncCall<operation::CompareAndSet>& call) {
  auto* const state =
      new CompareAndSetCall(*cluster_, call.operation, call.deadline, std::move(call.report));
  call.pending = Pending<bool>(state);
  state->start(std::move(call.stop));
}

void MemcachedDriver::start(AnyAsyncCall& any) {
  const auto start_one = [this](auto& call) {
    if (!cluster_) return call.done(fail(Error(cluster_.error())));
    begin(call);
  };
  std::visit(start_one, any);
}

Result<void> MemcachedDriver::clear(Deadline deadline) {
  if (!cluster_) return fail(cluster_.error());
  std::vector<NodeBatch> nodes = cluster_->ask_all(Verb::flush_all, deadline);
  std::optional<Error> first;
  std::size_t cleared = 0;
  for (NodeBatch& one : nodes) {
    const Result<void>& sent = one.outcome;
    if (sent && one.batch.replies().front()) {
      ++cleared;
    } else if (!first) {
      first = sent ? one.batch.replies().front().error() : sent.error();
      first->endpoint = one.node->endpoint();
    }
  }
  if (!first) return {};
  if (nodes.size() > 1) {
    first->message += fmt::format("; {} of {} servers were cleared", cleared, nodes.size());
    const bool unreached = first->code == Errc::timeout || first->code == Errc::unavailable;
    if (cleared > 0 && unreached) first->code = Errc::outcome_unknown;
    if (unreached) first->hint = "clear again once that server answers";
  }
  return fail(*std::move(first));
}

}  // namespace cachekit::memcached
