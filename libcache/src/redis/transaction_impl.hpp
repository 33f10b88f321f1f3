#pragma once

#include "net/connection.hpp"
#include "redis/session.hpp"

#include <cachekit/redis_transaction.hpp>

#include <chrono>
#include <memory>
#include <utility>

namespace cachekit {

class RedisTransaction::Impl {
 public:
  Impl(std::unique_ptr<net::Connection> own, std::chrono::milliseconds budget)
      : connection(std::move(own)), timeout(budget) {
    queued.add({"MULTI"});
  }

  [[nodiscard]] Result<RedisReply> run(std::span<const std::string_view> arguments);

  std::unique_ptr<net::Connection> connection;
  std::chrono::milliseconds timeout;  // Of each step.
  redis::Pipeline queued{redis::Replay::no};
  bool executed = false;
};

}  // namespace cachekit
