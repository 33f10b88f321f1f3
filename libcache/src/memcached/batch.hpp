#pragma once

#include "memcached/command.hpp"
#include "net/request.hpp"

#include <cachekit/error.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace cachekit::memcached {

/// Names the server in an error that does not say whose it is.
inline void locate(Result<Reply>& reply, const std::string& endpoint) {
  if (!reply && reply.error().endpoint.empty()) reply.error().endpoint = endpoint;
}

/// What a connection's replies are handed to, one by one and in order.
class CommandRequest : public net::Request {
 public:
  /// The command whose reply comes next, or null when all have theirs.
  [[nodiscard]] virtual const Command* pending() const noexcept = 0;
  virtual void answer(Result<Reply>&& reply) = 0;
};

/// One command. Lifetime: what the command refers to must outlive it.
class SingleCommand : public CommandRequest {
 public:
  /// `large`: its reply, it seems, is large.
  explicit SingleCommand(const Command& command, bool large = false) noexcept
      : command_(command), large_(large) {}

  [[nodiscard]] Result<void> encode(const net::Session& session, std::string& out) override;
  [[nodiscard]] bool idempotent() const noexcept override { return is_read(command_.verb); }
  [[nodiscard]] std::unique_ptr<net::Request> abandoned() const override;
  [[nodiscard]] bool large() const noexcept override;
  [[nodiscard]] bool is_follow_up() const noexcept override { return command_.is_follow_up; }
  [[nodiscard]] std::size_t bytes() const noexcept override {
    return command_.key.size() + command_.value.size();
  }
  [[nodiscard]] const Command* pending() const noexcept override {
    return answered_ ? nullptr : &command_;
  }
  void answer(Result<Reply>&& reply) override;

  [[nodiscard]] const Command& command() const noexcept { return command_; }
  /// Requires: the request was executed.
  [[nodiscard]] Result<Reply>& reply() noexcept { return reply_; }

 private:
  Command command_;
  bool large_;
  bool answered_ = false;
  Result<Reply> reply_{};
};

/// Many commands for one server, sent at once, and their replies in order.
///
/// A command that the peer's dialect cannot say gets its error here, and the others go out.
class Batch : public CommandRequest {
 public:
  Batch() = default;
  explicit Batch(const Command& command) { add(command); }

  void add(const Command& command) {
    commands_.push_back(command);
    bytes_ += sizeof command + command.key.size() + command.value.size();
    is_follow_up_ = command.is_follow_up && (is_follow_up_ || commands_.size() == 1);
  }
  /// The replies, it seems, are large.
  void expect_large() noexcept { large_ = true; }
  [[nodiscard]] std::size_t size() const noexcept { return commands_.size(); }
  [[nodiscard]] const Command& command(std::size_t index) const { return commands_[index]; }

  [[nodiscard]] Result<void> encode(const net::Session& session, std::string& out) override;
  [[nodiscard]] bool idempotent() const noexcept override;
  [[nodiscard]] std::unique_ptr<net::Request> abandoned() const override;
  [[nodiscard]] bool large() const noexcept override;
  /// Whether all of them are.
  [[nodiscard]] bool is_follow_up() const noexcept override { return is_follow_up_; }
  [[nodiscard]] std::size_t bytes() const noexcept override { return bytes_; }
  [[nodiscard]] const Command* pending() const noexcept override;
  void answer(Result<Reply>&& reply) override;

  /// Gives this error to all commands that went out, also to those that were answered: the answers
  /// may be somebody else's. Requires: executed, without success.
  void fail_sent(const Error& error);
  /// Requires: the batch was executed. One for each command, in order.
  [[nodiscard]] std::vector<Result<Reply>>& replies() noexcept { return replies_; }
  /// From the encoding to the last reply.
  [[nodiscard]] std::chrono::microseconds round_trip() const noexcept;

 private:
  using clock = Deadline::clock;

  void skip_unsendable();

  std::vector<Command> commands_;
  std::size_t bytes_ = 0;
  bool large_ = false;
  bool is_follow_up_ = false;
  std::vector<Result<Reply>> replies_;
  std::vector<bool> sent_;
  std::size_t answered_ = 0;
  clock::time_point encoded_at_{};
  clock::time_point answered_at_{};
};

}  // namespace cachekit::memcached
