#include "redis/client.hpp"

#include "redis/error_map.hpp"
#include "redis/protocol.hpp"

#include <utility>

#include <fmt/format.h>

namespace cachekit::redis {
namespace {

net::ChannelOptions channel_options(const RedisConfig& config) {
  const bool unix_socket = !config.unix_socket.empty();
  return {.address = {.host = unix_socket ? std::string() : config.host,
                      .port = unix_socket ? std::uint16_t{0} : config.port,
                      .path = config.unix_socket},
          .max_connections = config.pool_size,
          .min_connections = 1,
          .connection_timeout = config.connection_timeout,
          .combiner = {.max_requests = config.max_in_flight,
                       .max_bytes = config.max_in_flight_bytes.count,
                       .longest_silence = config.operation_timeout}};
}

tl::unexpected<Error> refuse(std::string_view field, std::string_view expected) {
  return fail(Errc::invalid_argument, fmt::format("redis: {} must be {}", field, expected), {},
              fmt::format("correct redis.{} in the configuration", field));
}

Result<void> check(const RedisConfig& config) {
  const auto positive = [](std::chrono::milliseconds d) { return d > d.zero(); };
  if (config.unix_socket.empty()) {
    if (config.host.empty()) return refuse("host", "a name or an address");
    if (config.port == 0) return refuse("port", "from 1 to 65535");
  }
  if (config.pool_size == 0) return refuse("pool_size", "at least 1");
  if (!positive(config.connection_timeout)) return refuse("connection_timeout", "more than zero");
  if (!positive(config.operation_timeout)) return refuse("operation_timeout", "more than zero");
  if (config.max_in_flight == 0) return refuse("max_in_flight", "at least 1");
  if (config.max_in_flight_bytes.count == 0) return refuse("max_in_flight_bytes", "at least 1B");
  for (const char c : config.client_name) {
    if (c <= ' ' || c > '~') return refuse("client_name", "free of spaces and special characters");
  }
  return {};
}

}  // namespace

Client::Client(const RedisConfig& config)
    : config_(config),
      sound_(check(config)),
      node_(channel_options(config), std::make_shared<Protocol>(config)) {}

Result<void> Client::connect() {
  if (!sound_) return fail(sound_.error());
  const Deadline deadline = Deadline::after(config_.connection_timeout);
  if (Result<void> opened = node_.open(deadline); !opened) return opened;
  const auto alive = run({"PING"}, Idempotent::yes, only_pong, deadline);
  // An ACL may withhold PING; a server that says so is there and knows us.
  const bool withheld = !alive && alive.error().message.starts_with("NOPERM");
  if (!alive && !withheld) return fail(alive.error());
  return {};
}

Result<RedisReply> Client::run(std::initializer_list<std::string_view> arguments,
                               Idempotent idempotent, ReplyShape shape, Deadline deadline) {
  return run(std::span(arguments.begin(), arguments.size()), idempotent, shape, deadline);
}

Result<RedisReply> Client::run(std::span<const std::string_view> arguments, Idempotent idempotent,
                               ReplyShape shape, Deadline deadline, bool large) {
  if (!sound_) return fail(sound_.error());
  SingleCommand command(arguments, idempotent, shape);
  if (large) command.expect_large();
  net::Answered answered = dispatcher_.execute(command, {}, deadline);
  if (!answered.outcome) return fail(std::move(answered.outcome).error());
  return checked(std::move(command.reply()), endpoint_of(answered));
}

Result<RedisReply> Client::run_dedicated(std::span<const std::string_view> arguments,
                                         Idempotent idempotent, Deadline deadline) {
  auto connection = dedicated(deadline);
  if (!connection) return fail(std::move(connection).error());
  SingleCommand command(arguments, idempotent);
  if (Result<void> done = (*connection)->exchange(command, deadline); !done) {
    return fail(std::move(done).error());
  }
  return checked(std::move(command.reply()), endpoint());
}

Result<std::unique_ptr<net::Connection>> Client::dedicated(Deadline deadline) {
  if (!sound_) return fail(sound_.error());
  return channel().dedicated(deadline);
}

Result<std::unique_ptr<net::Connection>> Client::await_dedicated(Deadline deadline) {
  if (!sound_) return fail(sound_.error());
  return channel().await_dedicated(deadline);
}

Result<RedisReply> checked(RedisReply reply, const std::string& endpoint) {
  if (reply.is_error()) return fail(error_of_reply(reply.text, endpoint));
  return reply;
}

Error unexpected_reply(std::string_view command, const std::string& endpoint) {
  return {Errc::protocol, fmt::format("{} was answered with what it never gives", command),
          endpoint, "check that the port belongs to a Redis server"};
}

}  // namespace cachekit::redis
