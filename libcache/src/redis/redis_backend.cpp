// RedisBackend: what only Redis has: any command, publishing, and the doors to transactions and
// subscriptions.

#include "core/guarded.hpp"
#include "redis/command_kind.hpp"
#include "redis/large_replies.hpp"
#include "redis/redis_driver.hpp"
#include "redis/transaction_impl.hpp"

#include <cachekit/redis_subscriber.hpp>
#include <cachekit/redis_transaction.hpp>

#include <fmt/format.h>

namespace cachekit {

using redis::CommandKind;
using redis::Idempotent;
using redis::ReplyShape;

namespace {

using Arguments = std::span<const std::string_view>;

// The driver that each of these backends is made with.
redis::RedisDriver& driver_of(Driver& driver) noexcept {
  return static_cast<redis::RedisDriver&>(driver);
}

// What a command is, or why it cannot be run here.
Result<CommandKind> checked_kind(Arguments arguments) {
  if (arguments.empty() || arguments.front().empty()) {
    return fail(Errc::invalid_argument, "a command must have a name");
  }
  const CommandKind kind = redis::kind_of(arguments);
  if (kind != CommandKind::connection_state) return kind;
  return fail(
      Errc::invalid_argument,
      fmt::format("{} changes the state of a connection that others share", arguments.front()), {},
      "what RedisConfig, transaction() or Subscriber do not set up takes a client of its own");
}

}  // namespace

RedisBackend::RedisBackend(const RedisConfig& config)
    : CacheBackend(std::make_unique<redis::RedisDriver>(config)) {}

RedisBackend::~RedisBackend() { driver_of(driver()).end(); }

Result<RedisReply> RedisBackend::command(Arguments arguments, const CallOptions& options) {
  Deadline deadline = Deadline::after(forever);
  CommandKind kind{};
  std::string label;
  Result<void> sound = guarded(Errc::overloaded, [&] {
    return deadline_for(options.timeout)
        .and_then([&](Deadline end) {
          deadline = end;
          return checked_kind(arguments);
        })
        .map([&](CommandKind known) {
          kind = known;
          if (!redis::wants_own_connection(kind)) label = redis::label_of(arguments);
        });
  });
  if (!sound) return fail(std::move(sound).error());
  const Idempotent idempotent = kind == CommandKind::read ? Idempotent::yes : Idempotent::no;
  const Errc in_doubt = idempotent == Idempotent::yes ? Errc::overloaded : Errc::outcome_unknown;
  return guarded(in_doubt, [&] {
    if (redis::wants_own_connection(kind)) {
      return driver_of(driver()).client().run_dedicated(arguments, idempotent, deadline);
    }
    return driver_of(driver()).run_shared(arguments, idempotent, label, deadline);
  });
}

Result<RedisReply> RedisBackend::command(std::initializer_list<std::string_view> arguments,
                                         const CallOptions& options) {
  return command(std::span(arguments.begin(), arguments.size()), options);
}

Result<std::int64_t> RedisBackend::publish(std::string_view channel, std::string_view message,
                                           const CallOptions& options) {
  Result<Deadline> deadline =
      guarded(Errc::overloaded, [&] { return deadline_for(options.timeout); });
  if (!deadline) return fail(std::move(deadline).error());
  return guarded(Errc::outcome_unknown, [&] {
    return driver_of(driver())
        .client()
        .run({"PUBLISH", channel, message}, Idempotent::no, redis::only_count, *deadline)
        .map([](const RedisReply& reply) { return reply.integer; });
  });
}

Result<RedisTransaction> RedisBackend::transaction(const CallOptions& options) {
  return guarded(Errc::overloaded, [&]() -> Result<RedisTransaction> {
    return deadline_for(options.timeout)
        .and_then(
            [&](Deadline deadline) { return driver_of(driver()).client().dedicated(deadline); })
        .map([&](std::unique_ptr<net::Connection>&& connection) {
          return RedisTransaction(std::make_unique<RedisTransaction::Impl>(
              std::move(connection), options.timeout.value_or(driver().default_timeout())));
        });
  });
}

Subscriber RedisBackend::subscriber() const {
  return Subscriber(driver_of(driver()).client().config());
}

}  // namespace cachekit
