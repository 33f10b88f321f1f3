#include "redis/session.hpp"

#include "core/out_of_memory.hpp"
#include "redis/dropped_reply.hpp"
#include "redis/resp_encoder.hpp"

#include <new>
#include <utility>

namespace cachekit::redis {

namespace {

// Lets replies go by that nobody waits for.
class Discarded final : public CommandRequest {
 public:
  explicit Discarded(std::size_t replies) noexcept
      : CommandRequest(Replay::no), missing_(replies) {}

  [[nodiscard]] Result<void> encode(const net::Session&, std::string&) override { return {}; }
  [[nodiscard]] Accepted accept(RedisReply&&) override {
    return --missing_ == 0 ? Accepted::all : Accepted::more;
  }
  [[nodiscard]] std::size_t missing() const noexcept override { return missing_; }

 private:
  std::size_t missing_;
};

}  // namespace

std::unique_ptr<net::Request> CommandRequest::abandoned() const {
  return std::make_unique<Discarded>(missing());
}

Result<void> SingleCommand::encode(const net::Session&, std::string& out) {
  append_command(out, arguments_);
  return {};
}

Accepted SingleCommand::accept(RedisReply&& reply) {
  if (!types_.contain(reply.type)) return Accepted::impossible;
  reply_ = std::move(reply);
  return Accepted::all;
}

std::size_t SingleCommand::bytes() const noexcept {
  std::size_t bytes = 0;
  for (const std::string_view argument : arguments_) bytes += argument.size();
  return bytes;
}

bool SingleCommand::large() const noexcept { return large_ || bytes() > net::large_bytes; }

void Pipeline::add(std::span<const std::string_view> arguments, ReplyTypes types) {
  types_.push_back(types);
  try {
    append_command(wire_, arguments);
  } catch (...) {
    types_.pop_back();
    throw;
  }
}

// Room for the replies is made now, while nothing has been sent.
Result<void> Pipeline::encode(const net::Session&, std::string& out) {
  replies_.clear();
  replies_.reserve(size());
  out += wire_;
  return {};
}

Accepted Pipeline::accept(RedisReply&& reply) {
  if (!types_[replies_.size()].contain(reply.type)) return Accepted::impossible;
  replies_.push_back(std::move(reply));
  return replies_.size() == size() ? Accepted::all : Accepted::more;
}

bool Pipeline::large() const noexcept {
  return large_ || wire_.size() > net::large_bytes || size() > net::large_commands;
}

Result<bool> Session::advance(net::Request& request) {
  if (out_of_step_) return out_of_step();
  auto& commands = static_cast<CommandRequest&>(request);
  while (true) {
    Result<std::optional<RedisReply>> reply = decoder_.next();
    if (!reply) return fail(std::move(reply).error());
    if (!*reply) return false;
    if ((*reply)->is_error()) look_at_error(**reply, commands);
    out_of_step_ = Errc::unavailable;  // Unless the request takes it.
    const Accepted accepted = commands.accept(**std::move(reply));
    if (accepted == Accepted::no_memory) return out_of_step();
    if (accepted == Accepted::impossible) {
      out_of_step_ = Errc::protocol;
      return out_of_step();
    }
    if (accepted == Accepted::again) {
      return fail(Errc::unavailable, "the server ends the connection");
    }
    out_of_step_.reset();
    if (accepted == Accepted::all) return true;
  }
}

tl::unexpected<Error> Session::out_of_step() const noexcept {
  Error error = out_of_memory(*out_of_step_);
  try {
    if (error.code == Errc::protocol)
      error.message = "a reply of a type that the command never gives";
  } catch (const std::bad_alloc&) {
    error.message = "another's reply";
  }
  return fail(std::move(error));
}

void Session::look_at_error(RedisReply& reply, const CommandRequest& commands) noexcept {
  constexpr std::string_view last_words = "ERR Protocol error";
  if (code_of_reply(reply.text) == "READONLY" || reply.text.starts_with(last_words)) {
    retiring_ = true;
  }
  if (!commands.idempotent() && is_for_want_of_memory(reply.text)) {
    reply = dropped_reply(Dropped::lost);
  }
}

}  // namespace cachekit::redis
