#pragma once

#include "net/pool/connection.hpp"
#include "redis/session.hpp"

#include <cachekit/redis_transaction.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

namespace cachekit {

class RedisTransaction::Impl {
 public:
  Impl(std::unique_ptr<net::Connection> own, std::chrono::milliseconds budget)
      : connection(std::move(own)), timeout(budget) {
    queued.add({"MULTI"}, redis::only_ok);
  }

  /// What is idempotent leaves nothing in doubt when its reply is lost. It is not sent again.
  [[nodiscard]] Result<RedisReply> run(std::span<const std::string_view> arguments,
                                       redis::Idempotent idempotent, redis::ReplyShape shape);
  /// Whether another step is possible. What came unasked since the last one, if only the news that
  /// the server has closed the connection, would be taken for its reply: there is none then.
  [[nodiscard]] Result<void> check_open();
  /// A command that is refused, or for which there is no memory, makes the transaction one that
  /// cannot be executed.
  void queue(std::span<const std::string_view> arguments) noexcept;
  /// Makes it ready to be sent. Errors: where it is not open, or incomplete.
  [[nodiscard]] Result<void> complete();
  /// Requires: it is complete.
  [[nodiscard]] Result<std::optional<std::vector<RedisReply>>> execute();

  std::unique_ptr<net::Connection> connection;
  std::chrono::milliseconds timeout;  // Of each step.
  redis::Pipeline queued{redis::Idempotent::no};
  std::optional<Error> refused{};  // Why a command is missing.
  bool incomplete = false;         // For want of memory one is missing.
  bool executed = false;
  bool lost = false;
};

}  // namespace cachekit
