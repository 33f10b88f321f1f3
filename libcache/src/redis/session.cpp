#include "redis/session.hpp"

#include "core/out_of_memory.hpp"
#include "redis/command_kind.hpp"
#include "redis/dropped_reply.hpp"
#include "redis/resp_encoder.hpp"

#include <algorithm>
#include <new>
#include <utility>
#include <vector>

namespace cachekit::redis {

namespace {

// Lets replies go by that nobody waits for. One that cannot be among them is somebody else's here,
// too: replies are out of step most easily where one came too late for its caller.
class Discarded final : public CommandRequest {
 public:
  explicit Discarded(const CommandRequest& given_up) : CommandRequest(Idempotent::no) {
    shapes_.reserve(given_up.missing());
    for (std::size_t i = 0; i < given_up.missing(); ++i) {
      shapes_.push_back(given_up.missing_shape(i));
    }
  }

  [[nodiscard]] Result<void> encode(const net::Session&, std::string&) override { return {}; }
  [[nodiscard]] Accepted accept(RedisReply&& reply) override {
    if (!missing_shape(0).fits(reply)) return Accepted::impossible;
    return ++accepted_ == shapes_.size() ? Accepted::all : Accepted::more;
  }
  [[nodiscard]] std::size_t missing() const noexcept override { return shapes_.size() - accepted_; }
  [[nodiscard]] ReplyShape missing_shape(std::size_t index) const noexcept override {
    return shapes_[accepted_ + index];
  }

 private:
  std::vector<ReplyShape> shapes_;
  std::size_t accepted_ = 0;
};

}  // namespace

std::unique_ptr<net::Request> CommandRequest::abandoned() const {
  return std::make_unique<Discarded>(*this);
}

Result<void> SingleCommand::encode(const net::Session&, std::string& out) {
  append_command(out, arguments_);
  return {};
}

Accepted SingleCommand::accept(RedisReply&& reply) {
  if (!shape_.fits(reply)) return Accepted::impossible;
  reply_ = std::move(reply);
  return Accepted::all;
}

std::string_view SingleCommand::error_of(std::size_t) const noexcept {
  if (!reply_.is_error() || (!idempotent() && runs_script(arguments_))) return {};
  return reply_.text;
}

std::size_t SingleCommand::bytes() const noexcept {
  std::size_t bytes = 0;
  for (const std::string_view argument : arguments_) bytes += argument.size();
  return bytes;
}

bool SingleCommand::large() const noexcept { return large_ || bytes() > net::large_bytes; }

void Pipeline::add(std::span<const std::string_view> arguments, ReplyShape shape) {
  shapes_.push_back(shape);
  try {
    append_command(wire_, arguments);
  } catch (...) {
    shapes_.pop_back();
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
  if (!missing_shape(0).fits(reply)) return Accepted::impossible;
  replies_.push_back(std::move(reply));
  return replies_.size() == size() ? Accepted::all : Accepted::more;
}

std::string_view Pipeline::error_of(std::size_t command) const noexcept {
  const auto replies =
      std::span(replies_).subspan(command * replies_per_command_, replies_per_command_);
  const auto error = std::ranges::find_if(replies, &RedisReply::is_error);
  return error == replies.end() ? std::string_view() : std::string_view(error->text);
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
    const bool no_array = take_mark(**reply) && !commands.missing_shape(0).can_lack_array();
    const Accepted accepted = no_array ? Accepted::impossible : commands.accept(**std::move(reply));
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
    if (error.code == Errc::protocol) error.message = "a reply that the command never gives";
  } catch (const std::bad_alloc&) {
    error.message = "another's reply";
  }
  return fail(std::move(error));
}

void Session::look_at_error(RedisReply& reply, const CommandRequest& commands) noexcept {
  constexpr std::string_view last_words = "ERR Protocol error";
  reply.text.erase(0, place_in_script(reply.text));
  if (code_of_reply(reply.text) == "READONLY" || reply.text.starts_with(last_words)) {
    retiring_ = true;
  }
  if (!commands.idempotent() && is_for_want_of_memory(reply.text)) {
    reply = dropped_reply(Dropped::lost);
  }
}

}  // namespace cachekit::redis
