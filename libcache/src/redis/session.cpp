#include "redis/session.hpp"

#include "redis/dropped_reply.hpp"
#include "redis/resp_encoder.hpp"

#include <utility>

namespace cachekit::redis {

namespace {

// Lets replies go by that nobody waits for.
class Discarded final : public CommandRequest {
 public:
  explicit Discarded(std::size_t replies) noexcept
      : CommandRequest(Replay::no), missing_(replies) {}

  [[nodiscard]] Result<void> encode(const net::Session&, std::string&) override { return {}; }
  [[nodiscard]] bool accept(RedisReply&&) override { return --missing_ == 0; }
  [[nodiscard]] std::size_t missing() const noexcept override { return missing_; }

 private:
  std::size_t missing_;
};

}  // namespace

std::unique_ptr<net::Request> CommandRequest::tombstone() const {
  return std::make_unique<Discarded>(missing());
}

Result<void> SingleCommand::encode(const net::Session&, std::string& out) {
  append_command(out, arguments_);
  return {};
}

bool SingleCommand::accept(RedisReply&& reply) {
  reply_ = std::move(reply);
  return true;
}

bool SingleCommand::heavy() const noexcept {
  std::size_t bytes = 0;
  for (const std::string_view argument : arguments_) bytes += argument.size();
  return bytes > net::heavy_bytes;
}

void Pipeline::add(std::span<const std::string_view> arguments) {
  append_command(wire_, arguments);
  ++count_;
}

// Room for the replies is made now, while nothing has been sent.
Result<void> Pipeline::encode(const net::Session&, std::string& out) {
  replies_.clear();
  replies_.reserve(count_);
  out += wire_;
  return {};
}

bool Pipeline::accept(RedisReply&& reply) {
  replies_.push_back(std::move(reply));
  return replies_.size() == count_;
}

bool Pipeline::heavy() const noexcept {
  return heavy_ || wire_.size() > net::heavy_bytes || count_ > net::heavy_commands;
}

Result<bool> Session::advance(net::Request& request) {
  if (out_of_step_) return fail(Errc::unavailable, "out of memory");
  auto& commands = static_cast<CommandRequest&>(request);
  while (true) {
    Result<std::optional<RedisReply>> reply = decoder_.next();
    if (!reply) return fail(std::move(reply).error());
    if (!*reply) return false;
    if ((*reply)->is_error()) look_at_error(**reply, commands);
    out_of_step_ = true;  // Unless the request takes it.
    const bool last = commands.accept(**std::move(reply));
    out_of_step_ = false;
    if (last) return true;
  }
}

void Session::look_at_error(RedisReply& reply, const CommandRequest& commands) noexcept {
  if (!commands.replayable() && is_for_want_of_memory(reply.text)) {
    reply = dropped_reply(Dropped::lost);
  }
}

}  // namespace cachekit::redis
