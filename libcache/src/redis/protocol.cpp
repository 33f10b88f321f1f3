#include "redis/protocol.hpp"

#include "net/pool/connection.hpp"
#include "redis/error_map.hpp"
#include "redis/session.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace cachekit::redis {
namespace {

// Only the name of a failed AUTH is passed on: some servers and proxies quote the arguments of a
// command that they do not like.
Error failed_authentication(const RedisReply& reply, const std::string& endpoint) {
  Error error = error_of_reply(reply.text, endpoint);
  error.message = fmt::format(
      "authentication failed: {}",
      reply.text.starts_with("WRONGPASS") || reply.text.starts_with("ERR invalid password")
          ? "the user name or password is wrong"
      : reply.text.find("no password is set") != std::string::npos ||
              reply.text.find("without any password") != std::string::npos
          ? "the server has no password set"
          : reply.text.substr(0, reply.text.find(' ')));
  return error;
}

// The reply by which a server said that it will not serve the connection, or null. It is the reply
// to whatever came first, an optional step or none, and others may never come.
const RedisReply* turning_away(Pipeline& greeting) {
  const auto found = std::ranges::find_if(greeting.replies(), [](const RedisReply& reply) {
    return reply.is_error() && turns_away(reply.text);
  });
  return found == greeting.replies().end() ? nullptr : &*found;
}

}  // namespace

Protocol::Protocol(const RedisConfig& config)
    : username_(config.username),
      password_(config.password),
      database_(config.database),
      client_name_(config.client_name) {}

std::unique_ptr<net::Session> Protocol::make_session() const { return std::make_unique<Session>(); }

Result<void> Protocol::handshake(net::Connection& connection, Deadline deadline) const {
  const bool authenticate = !username_.empty() || !password_.empty();
  const std::string database = std::to_string(database_);
  Pipeline greeting(Idempotent::yes);
  if (authenticate && username_.empty()) greeting.add({"AUTH", password_.reveal()}, only_ok);
  if (authenticate && !username_.empty())
    greeting.add({"AUTH", username_, password_.reveal()}, only_ok);
  if (database_ != 0) greeting.add({"SELECT", database}, only_ok);
  if (!client_name_.empty()) greeting.add({"CLIENT", "SETNAME", client_name_}, only_ok);
  // Something has to show that a Redis server is behind the connection. That it may not be asked
  // just this, or not just now, is a sign of life, too.
  if (greeting.size() == 0) greeting.add({"PING"}, only_pong);

  Result<void> sent = connection.exchange(greeting, deadline);
  if (const RedisReply* reply = turning_away(greeting)) {
    return fail(error_of_turning_away(reply->text, connection.endpoint()));
  }
  if (!sent) return sent;
  std::size_t next = 0;
  if (authenticate) {
    const RedisReply& reply = greeting.replies()[next++];
    if (reply.is_error()) return fail(failed_authentication(reply, connection.endpoint()));
  }
  if (database_ != 0) {
    const RedisReply& reply = greeting.replies()[next++];
    if (reply.is_error()) {
      Error error = error_of_reply(reply.text, connection.endpoint());
      error.message = fmt::format("database {} could not be selected: {}", database_, reply.text);
      return fail(std::move(error));
    }
  }
  return {};
}

}  // namespace cachekit::redis
