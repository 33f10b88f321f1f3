#pragma once

#include "net/request.hpp"
#include "redis/error_map.hpp"
#include "redis/reply_shape.hpp"
#include "redis/resp_decoder.hpp"

#include <cachekit/redis_reply.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::redis {

/// What may be done when a connection breaks while commands are under way.
enum class Idempotent : bool { no, yes };

/// What became of a reply that was handed over.
enum class Accepted : std::uint8_t {
  more,        ///< It was taken, and others are to come.
  all,         ///< It was taken, and was the last.
  impossible,  ///< The command never gives such a reply: it is somebody else's.
  no_memory,   ///< It was not kept, so that nobody knows what it was.
  again,       ///< It was taken, ends the connection, and the request is to be sent once more.
};

/// What a connection's replies are handed to, one by one and in order.
class CommandRequest : public net::Request {
 public:
  explicit CommandRequest(Idempotent idempotent) noexcept : idempotent_(idempotent) {}

  [[nodiscard]] bool idempotent() const noexcept override { return idempotent_ == Idempotent::yes; }
  [[nodiscard]] std::unique_ptr<net::Request> abandoned() const override;
  /// Whether the server says that it cannot serve just now.
  [[nodiscard]] bool refused(std::size_t command) const noexcept final {
    const std::string_view error = error_of(command);
    return !error.empty() && refused_for_now(error);
  }

  /// The server's words where it has refused this one of its commands (the only one is 0); empty
  /// where it has executed it, or may have. Requires: it has its last reply.
  [[nodiscard]] virtual std::string_view error_of(std::size_t /*command*/) const noexcept {
    return {};
  }
  /// Takes the next reply.
  [[nodiscard]] virtual Accepted accept(RedisReply&& reply) = 0;
  /// How many replies are still to come.
  [[nodiscard]] virtual std::size_t missing() const noexcept = 0;
  /// What the one at `index` of these can look like.
  [[nodiscard]] virtual ReplyShape missing_shape(std::size_t index) const noexcept = 0;

 private:
  Idempotent idempotent_;
};

/// One command. Lifetime: the arguments must outlive it.
///
/// What a script that may write is answered with can be words of its own, behind what it has done;
/// so such a command is never `refused`.
class SingleCommand final : public CommandRequest {
 public:
  SingleCommand(std::span<const std::string_view> arguments, Idempotent idempotent,
                ReplyShape shape = ReplyShape::any()) noexcept
      : CommandRequest(idempotent), arguments_(arguments), shape_(shape) {}

  [[nodiscard]] std::string_view error_of(std::size_t command) const noexcept override;

  [[nodiscard]] Result<void> encode(const net::Session& session, std::string& out) override;
  [[nodiscard]] Accepted accept(RedisReply&& reply) override;
  [[nodiscard]] std::size_t missing() const noexcept override { return 1; }
  [[nodiscard]] ReplyShape missing_shape(std::size_t) const noexcept override { return shape_; }
  [[nodiscard]] bool large() const noexcept override;
  [[nodiscard]] std::size_t bytes() const noexcept override;

  /// The reply, it seems, is large.
  void expect_large() noexcept { large_ = true; }
  /// Requires: the request was executed.
  [[nodiscard]] RedisReply& reply() noexcept { return reply_; }

 private:
  std::span<const std::string_view> arguments_;
  ReplyShape shape_;
  bool large_ = false;
  RedisReply reply_{};
};

/// Many commands in one write, and their replies.
class Pipeline : public CommandRequest {
 public:
  /// `replies_per_command`: for a router, whose commands are those that were added together.
  explicit Pipeline(Idempotent idempotent, std::size_t replies_per_command = 1) noexcept
      : CommandRequest(idempotent), replies_per_command_(replies_per_command) {}

  void reserve(std::size_t commands, std::size_t wire_bytes = 0) {
    shapes_.reserve(commands);
    replies_.reserve(commands);
    wire_.reserve(wire_bytes);
  }
  /// Nothing has changed where there is no memory for it.
  void add(std::span<const std::string_view> arguments, ReplyShape shape = ReplyShape::any());
  void add(std::initializer_list<std::string_view> arguments,
           ReplyShape shape = ReplyShape::any()) {
    add(std::span(arguments.begin(), arguments.size()), shape);
  }
  /// What appends one command to the wire, of which each reply has this shape.
  template <typename Encode>
  void add_encoded(std::size_t replies, ReplyShape shape, const Encode& encode) {
    shapes_.insert(shapes_.end(), replies, shape);
    encode(wire_);
  }

  [[nodiscard]] Result<void> encode(const net::Session& session, std::string& out) override;
  [[nodiscard]] Accepted accept(RedisReply&& reply) override;
  [[nodiscard]] std::size_t missing() const noexcept override { return size() - replies_.size(); }
  [[nodiscard]] ReplyShape missing_shape(std::size_t index) const noexcept override {
    return shapes_[replies_.size() + index];
  }
  [[nodiscard]] std::string_view error_of(std::size_t command) const noexcept override;
  [[nodiscard]] bool large() const noexcept override;
  [[nodiscard]] std::size_t bytes() const noexcept override { return wire_.size(); }

  /// The replies, it seems, are large.
  void expect_large() noexcept { large_ = true; }
  [[nodiscard]] std::size_t size() const noexcept { return shapes_.size(); }
  /// In order, one for each command that was `add`ed. Requires: the request was executed.
  [[nodiscard]] std::vector<RedisReply>& replies() noexcept { return replies_; }

 private:
  std::string wire_;
  std::vector<ReplyShape> shapes_;  // One per reply.
  std::vector<RedisReply> replies_;
  std::size_t replies_per_command_;
  bool large_ = false;
};

/// RESP on one connection.
class Session final : public net::Session {
 public:
  void feed(std::string_view bytes) noexcept override { decoder_.feed(bytes); }
  /// Requires: `request` is a `CommandRequest`. After an error, or an exception of the request, it
  /// hands out no reply any more. Errors: `protocol`, also for a reply that the request cannot get;
  /// `unavailable` where a reply was lost for want of memory.
  [[nodiscard]] Result<bool> advance(net::Request& request) override;
  [[nodiscard]] bool idle() const override { return subscribed_ || decoder_.idle(); }

  /// Whether the server has said that it is a replica now (after a failover the connections of
  /// before lead to the wrong one), or what it says before it closes a connection.
  [[nodiscard]] bool retiring() const noexcept override { return retiring_; }

  /// From now on the server may send at any time.
  void expect_messages() noexcept { subscribed_ = true; }
  /// A message that has come, or empty.
  [[nodiscard]] Result<std::optional<RedisReply>> next_message() { return decoder_.next(); }

 private:
  [[nodiscard]] tl::unexpected<Error> out_of_step() const noexcept;
  void look_at_error(RedisReply& reply, const CommandRequest& commands) noexcept;

  RespDecoder decoder_;
  std::optional<Errc> out_of_step_{};  // Set as soon as a reply was lost, or somebody else's.
  bool retiring_ = false;
  bool subscribed_ = false;
};

}  // namespace cachekit::redis
