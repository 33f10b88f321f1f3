// What only Redis has: any command, publishing, and the doors to transactions and subscriptions.

#include "redis/backend_impl.hpp"
#include "redis/command_kind.hpp"
#include "redis/large_replies.hpp"
#include "redis/transaction_impl.hpp"

#include <cachekit/redis_subscriber.hpp>
#include <cachekit/redis_transaction.hpp>

#include <fmt/format.h>

namespace cachekit {

using redis::CommandKind;
using redis::Replay;
using redis::ReplyTypes;

Result<RedisReply> RedisBackend::command(std::span<const std::string_view> arguments,
                                         const CallOptions& options) {
  const Result<Deadline> deadline = budget(options.timeout);
  if (!deadline) return fail(deadline.error());
  if (arguments.empty() || arguments.front().empty()) {
    return fail(Errc::invalid_argument, "a command must have a name");
  }
  const CommandKind kind = redis::kind_of(arguments);
  if (kind == CommandKind::connection_state) {
    return fail(
        Errc::invalid_argument,
        fmt::format("{} changes the state of a connection that others share", arguments.front()),
        {}, "use RedisConfig, transaction() or Subscriber for it");
  }
  const Replay replay = kind == CommandKind::read ? Replay::yes : Replay::no;
  if (redis::wants_own_connection(kind)) {
    return impl_->client.run_apart(arguments, replay, *deadline);
  }
  const std::string label = redis::label_of(arguments);
  auto reply = impl_->client.run(arguments, replay, ReplyTypes::any(), *deadline,
                                 impl_->large_keys.contains(label));
  // What was thrown away for its size was large, too.
  const bool too_large = !reply && reply.error().code == Errc::too_large;
  if (reply || too_large) {
    impl_->note_size(label, too_large ? net::heavy_bytes : redis::size_of(*reply));
  }
  return reply;
}

Result<RedisReply> RedisBackend::command(std::initializer_list<std::string_view> arguments,
                                         const CallOptions& options) {
  return command(std::span(arguments.begin(), arguments.size()), options);
}

Result<std::int64_t> RedisBackend::publish(std::string_view channel, std::string_view message,
                                           const CallOptions& options) {
  const Result<Deadline> deadline = budget(options.timeout);
  if (!deadline) return fail(deadline.error());
  return impl_->client
      .run({"PUBLISH", channel, message}, Replay::no, redis::only_integer, *deadline)
      .map([](const RedisReply& reply) { return reply.integer; });
}

Result<RedisTransaction> RedisBackend::transaction(const CallOptions& options) {
  const Result<Deadline> deadline = budget(options.timeout);
  if (!deadline) return fail(deadline.error());
  auto connection = impl_->client.dedicated(*deadline);
  if (!connection) return fail(std::move(connection).error());
  return RedisTransaction(std::make_unique<RedisTransaction::Impl>(
      *std::move(connection), options.timeout.value_or(default_timeout())));
}

Subscriber RedisBackend::subscriber() const { return Subscriber(impl_->client.config()); }

}  // namespace cachekit
