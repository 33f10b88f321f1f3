#include "core/guarded.hpp"
#include "redis/client.hpp"
#include "redis/command_kind.hpp"
#include "redis/error_map.hpp"
#include "redis/transaction_impl.hpp"
#include "redis/upper.hpp"

#include <cachekit/redis_transaction.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>

#include <fmt/format.h>

namespace cachekit {
namespace {

using redis::CommandKind;
using redis::Idempotent;
using redis::SingleCommand;
using namespace std::string_view_literals;

// MULTI was refused. What came behind it was then carried out at once, each command by itself.
Error not_begun(const std::vector<RedisReply>& replies, const std::string& endpoint) {
  Error error = redis::error_of_reply(replies.front().text, endpoint);
  const auto refused =
      std::ranges::count_if(replies, [](const RedisReply& reply) { return reply.is_error(); });
  if (static_cast<std::size_t>(refused) == replies.size()) return error;
  error.code = Errc::outcome_unknown;
  error.message = fmt::format("MULTI was refused, so that the commands ran one by one: {}",
                              replies.front().text);
  return error;
}

// EXEC gave an error. EXECABORT says only that something was refused; the refusal itself came
// before it. Any other one is about EXEC itself.
Error not_done(const std::vector<RedisReply>& replies, const std::string& endpoint) {
  if (redis::code_of_reply(replies.back().text) != "EXECABORT") {
    return redis::error_of_reply(replies.back().text, endpoint);
  }
  const auto refusal =
      std::ranges::find_if(replies, [](const RedisReply& reply) { return reply.is_error(); });
  Error error = redis::error_of_reply(refusal->text, endpoint);
  error.code = Errc::rejected;
  error.message = fmt::format("nothing was done, a command was refused: {}", refusal->text);
  return error;
}

// What changes the connection and yet gets one reply, as all that is queued must: the connection
// belongs to nobody else. Whatever else changes it is the transaction's own business, or would
// leave it with more replies than commands, or with fewer.
constexpr std::array one_reply{"ASKING"sv,   "AUTH"sv,      "CLIENT"sv,
                               "READONLY"sv, "READWRITE"sv, "SELECT"sv};

bool can_be_queued(std::span<const std::string_view> arguments, const std::string& name) {
  if (arguments.empty() || name.empty()) return false;
  if (redis::kind_of(arguments) != CommandKind::connection_state) return true;
  const bool silences =
      name == "CLIENT" && arguments.size() > 1 && redis::upper(arguments[1]) == "REPLY";
  return !silences && std::ranges::find(one_reply, name) != one_reply.end();
}

Result<void> check_queued(std::span<const std::string_view> arguments) {
  const std::string name = arguments.empty() ? std::string() : redis::upper(arguments[0]);
  if (can_be_queued(arguments, name)) return {};
  return fail(Errc::invalid_argument,
              name.empty() ? std::string("a command without a name was queued")
                           : fmt::format("{} cannot be queued in a transaction", name),
              {}, "use watch(), queue() and execute()");
}

tl::unexpected<Error> moved_from() {
  return fail(Errc::invalid_argument, "this transaction was moved from", {},
              "use the one that it was moved to");
}

}  // namespace

Result<void> RedisTransaction::Impl::check_open() {
  if (executed && !lost) {
    return fail(Errc::invalid_argument, "this transaction was executed already", {},
                "open a new one with transaction()");
  }
  lost = lost || connection->stale();
  if (!lost) return {};
  Error error{Errc::unavailable, "the transaction's connection was lost", connection->endpoint(),
              "open a new one with transaction()"};
  if (const auto said = redis::error_of_unasked(connection->unread())) {
    error.message += ": " + said->message;
  }
  return fail(std::move(error));
}

Result<RedisReply> RedisTransaction::Impl::run(std::span<const std::string_view> arguments,
                                               Idempotent idempotent, redis::ReplyShape shape) {
  Result<void> open = guarded(Errc::overloaded, [&] { return check_open(); });
  if (!open) return fail(std::move(open).error());
  const Errc lost_reply = idempotent == Idempotent::yes ? Errc::overloaded : Errc::outcome_unknown;
  return guarded(lost_reply, [&]() -> Result<RedisReply> {
    SingleCommand request(arguments, idempotent, shape);
    if (Result<void> done = connection->exchange(request, Deadline::after(timeout)); !done) {
      return fail(std::move(done).error());
    }
    return redis::checked(std::move(request.reply()), connection->endpoint());
  });
}

void RedisTransaction::Impl::queue(std::span<const std::string_view> arguments) noexcept {
  try {
    if (Result<void> sound = check_queued(arguments); !sound && !refused) {
      refused = std::move(sound).error();
    }
    if (!refused) queued.add(arguments);
  } catch (const std::exception&) {  // No memory, or a length that no string can have.
    incomplete = true;
  }
}

Result<void> RedisTransaction::Impl::complete() {
  if (Result<void> open = check_open(); !open) return open;
  if (refused) return fail(*refused);
  if (incomplete) return fail(out_of_memory());
  queued.add({"EXEC"}, {RedisReply::Type::array, RedisReply::Type::nil});
  executed = true;
  return {};
}

Result<std::optional<std::vector<RedisReply>>> RedisTransaction::Impl::execute() {
  if (Result<void> done = connection->exchange(queued, Deadline::after(timeout)); !done) {
    lost = true;
    return fail(std::move(done).error());
  }
  std::vector<RedisReply>& replies = queued.replies();
  RedisReply& outcome = replies.back();
  if (replies.front().is_error()) return fail(not_begun(replies, connection->endpoint()));
  if (outcome.is_nil()) return std::nullopt;
  if (outcome.type == RedisReply::Type::array) {
    const std::size_t commands = replies.size() - 2;  // Without MULTI and EXEC.
    if (outcome.elements.size() == commands) return std::move(outcome.elements);
    lost = true;
    return fail(
        Errc::outcome_unknown,
        fmt::format("the server sent {} replies to {} commands", outcome.elements.size(), commands),
        connection->endpoint(), "see whether it is a Redis, or a proxy in front of one");
  }
  return fail(not_done(replies, connection->endpoint()));
}

RedisTransaction::RedisTransaction(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RedisTransaction::RedisTransaction(RedisTransaction&&) noexcept = default;
RedisTransaction& RedisTransaction::operator=(RedisTransaction&&) noexcept = default;
RedisTransaction::~RedisTransaction() = default;

Result<void> RedisTransaction::watch(std::initializer_list<std::string_view> keys) {
  return guarded(Errc::overloaded, [&]() -> Result<void> {
    if (!impl_) return moved_from();
    std::vector<std::string_view> arguments{"WATCH"};
    arguments.insert(arguments.end(), keys.begin(), keys.end());
    return impl_->run(arguments, Idempotent::yes, redis::only_ok).map([](const RedisReply&) {});
  });
}

Result<RedisReply> RedisTransaction::command(std::span<const std::string_view> arguments) {
  Idempotent idempotent = Idempotent::no;
  Result<void> sound = guarded(Errc::overloaded, [&]() -> Result<void> {
    if (!impl_) return moved_from();
    const CommandKind kind =
        arguments.empty() ? CommandKind::connection_state : redis::kind_of(arguments);
    if (kind == CommandKind::read) idempotent = Idempotent::yes;
    if (kind != CommandKind::connection_state) return {};
    return fail(Errc::invalid_argument, "inside a transaction only commands on data are possible",
                {}, "use watch(), queue() and execute()");
  });
  if (!sound) return fail(std::move(sound).error());
  return impl_->run(arguments, idempotent, redis::ReplyShape::any());
}

Result<RedisReply> RedisTransaction::command(std::initializer_list<std::string_view> arguments) {
  return command(std::span(arguments.begin(), arguments.size()));
}

void RedisTransaction::queue(std::span<const std::string_view> arguments) {
  if (impl_) impl_->queue(arguments);
}

void RedisTransaction::queue(std::initializer_list<std::string_view> arguments) {
  queue(std::span(arguments.begin(), arguments.size()));
}

Result<std::optional<std::vector<RedisReply>>> RedisTransaction::execute() {
  Result<void> complete = guarded(Errc::overloaded, [&]() -> Result<void> {
    if (!impl_) return moved_from();
    return impl_->complete();
  });
  if (!complete) return fail(std::move(complete).error());
  return guarded(Errc::outcome_unknown, [&] { return impl_->execute(); });
}

}  // namespace cachekit
