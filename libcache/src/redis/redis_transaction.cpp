#include "redis/client.hpp"
#include "redis/command_kind.hpp"
#include "redis/reply_error.hpp"
#include "redis/transaction_impl.hpp"

#include <cachekit/redis_transaction.hpp>

#include <fmt/format.h>

namespace cachekit {
namespace {

using redis::CommandKind;
using redis::Replay;
using redis::SingleCommand;

Result<void> check_open(bool executed, const net::Connection& connection) {
  if (executed) {
    return fail(Errc::invalid_argument, "this transaction was executed already", {},
                "open a new one with transaction()");
  }
  if (!connection.usable()) {
    return fail(Errc::unavailable, "the transaction's connection was lost", connection.endpoint(),
                "open a new one with transaction()");
  }
  return {};
}

}  // namespace

Result<RedisReply> RedisTransaction::Impl::run(std::span<const std::string_view> arguments) {
  if (Result<void> open = check_open(executed, *connection); !open) {
    return fail(std::move(open).error());
  }
  SingleCommand request(arguments, Replay::no);
  if (Result<void> done = connection->exchange(request, Deadline::after(timeout)); !done) {
    return fail(std::move(done).error());
  }
  return redis::checked(std::move(request.reply()), connection->endpoint());
}

RedisTransaction::RedisTransaction(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RedisTransaction::RedisTransaction(RedisTransaction&&) noexcept = default;
RedisTransaction& RedisTransaction::operator=(RedisTransaction&&) noexcept = default;
RedisTransaction::~RedisTransaction() = default;

Result<void> RedisTransaction::watch(std::initializer_list<std::string_view> keys) {
  std::vector<std::string_view> arguments{"WATCH"};
  arguments.insert(arguments.end(), keys.begin(), keys.end());
  return impl_->run(arguments).map([](const RedisReply&) {});
}

Result<RedisReply> RedisTransaction::command(std::span<const std::string_view> arguments) {
  if (arguments.empty() || redis::kind_of(arguments) == CommandKind::connection_state) {
    return fail(Errc::invalid_argument, "inside a transaction only commands on data are possible",
                {}, "use watch(), queue() and execute()");
  }
  return impl_->run(arguments);
}

Result<RedisReply> RedisTransaction::command(std::initializer_list<std::string_view> arguments) {
  return command(std::span(arguments.begin(), arguments.size()));
}

void RedisTransaction::queue(std::span<const std::string_view> arguments) {
  impl_->queued.add(arguments);
}

void RedisTransaction::queue(std::initializer_list<std::string_view> arguments) {
  impl_->queued.add(arguments);
}

Result<std::optional<std::vector<RedisReply>>> RedisTransaction::execute() {
  Impl& tx = *impl_;
  if (Result<void> open = check_open(tx.executed, *tx.connection); !open) {
    return fail(std::move(open).error());
  }
  tx.executed = true;
  tx.queued.add({"EXEC"});
  if (Result<void> done = tx.connection->exchange(tx.queued, Deadline::after(tx.timeout)); !done) {
    return fail(std::move(done).error());
  }
  std::vector<RedisReply>& replies = tx.queued.replies();
  RedisReply& outcome = replies.back();
  if (outcome.is_nil()) return std::nullopt;
  if (outcome.type == RedisReply::Type::array) return std::move(outcome.elements);
  // EXECABORT says only that something was refused; the refusal itself came before it.
  for (const RedisReply& reply : replies) {
    if (reply.is_error()) {
      Error error = redis::error_of_reply(reply.text, tx.connection->endpoint());
      error.code = Errc::rejected;
      error.message = fmt::format("nothing was done, a command was refused: {}", reply.text);
      return fail(std::move(error));
    }
  }
  return fail(redis::unexpected_reply("EXEC", tx.connection->endpoint()));
}

}  // namespace cachekit
