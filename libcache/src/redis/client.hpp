#pragma once

#include "net/channel.hpp"
#include "net/routing/dispatcher.hpp"
#include "net/routing/node.hpp"
#include "net/routing/split_batch.hpp"
#include "redis/commands.hpp"
#include "redis/session.hpp"
#include "redis/topology/single_server.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/redis.hpp>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::redis {

/// Runs commands on one Redis server: configuration in, replies out. What the commands mean is its
/// callers' business.
class Client {
 public:
  explicit Client(const RedisConfig& config);

  /// Errors: `invalid_argument`, naming the field that cannot be.
  [[nodiscard]] const Result<void>& check_config() const noexcept { return sound_; }
  /// Opens a connection and asks for a sign of life.
  [[nodiscard]] Result<void> connect();

  /// One of commands.hpp. `large`: its reply, it seems, is large.
  template <typename Operation>
  [[nodiscard]] Result<typename Operation::Value> run(const Operation& operation, Deadline deadline,
                                                      bool large = false) {
    if (!sound_) return fail(sound_.error());
    OperationRequest<Operation> request(operation, fence(), large);
    const net::Answered answered = dispatcher_.execute(request, key_of(operation), deadline);
    return request.value(answered.outcome, endpoint_of(answered));
  }
  /// One command. Error replies become errors; a reply of another type closes the connection.
  /// `large` as above.
  [[nodiscard]] Result<RedisReply> run(std::initializer_list<std::string_view> arguments,
                                       Idempotent idempotent, ReplyShape shape, Deadline deadline);
  [[nodiscard]] Result<RedisReply> run(std::span<const std::string_view> arguments,
                                       Idempotent idempotent, ReplyShape shape, Deadline deadline,
                                       bool large = false);
  /// Many operations. Requires: the configuration is sound.
  void run(net::SplitBatch& batch, Deadline deadline) { dispatcher_.execute(batch, deadline); }
  /// Sends a request on its way. Requires: as above. Lifetime: as of `net::Dispatcher::start`.
  void start(net::AsyncRequest& request, std::string_view key) {
    dispatcher_.start(request, router_.node_of(key), key);
  }
  /// One command on a connection of its own.
  [[nodiscard]] Result<RedisReply> run_dedicated(std::span<const std::string_view> arguments,
                                                 Idempotent idempotent, Deadline deadline);

  [[nodiscard]] Result<std::unique_ptr<net::Connection>> dedicated(Deadline deadline);
  /// As `Channel::await_dedicated`.
  [[nodiscard]] Result<std::unique_ptr<net::Connection>> await_dedicated(Deadline deadline);
  [[nodiscard]] Fence fence() const noexcept { return config_.leases ? Fence::yes : Fence::no; }
  [[nodiscard]] const RedisConfig& config() const noexcept { return config_; }
  [[nodiscard]] const std::string& endpoint() const noexcept { return node_.endpoint(); }
  [[nodiscard]] net::Channel& channel() noexcept { return node_.channel(); }
  /// Settles all that is under way.
  void end() noexcept {
    dispatcher_.end();
    channel().end();
  }

 private:
  [[nodiscard]] const std::string& endpoint_of(const net::Answered& answered) const noexcept {
    return answered.by ? answered.by->endpoint() : endpoint();
  }

  RedisConfig config_;
  Result<void> sound_;  // What `check_config` says.
  net::Node node_;
  SingleServer router_{node_};
  net::Dispatcher dispatcher_{router_};
};

/// The reply of a single command, or the error that it is.
[[nodiscard]] Result<RedisReply> checked(RedisReply reply, const std::string& endpoint);
/// For a reply of a type that the command never gives.
[[nodiscard]] Error unexpected_reply(std::string_view command, const std::string& endpoint);

}  // namespace cachekit::redis
