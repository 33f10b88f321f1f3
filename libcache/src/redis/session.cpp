#include "redis/session.hpp"

#include "redis/resp_encoder.hpp"

#include <utility>

namespace cachekit::redis {

void CommandRequest::add(std::span<const std::string_view> arguments) {
  append_command(wire_, arguments);
  ++count_;
}

Result<void> CommandRequest::encode(const net::Session&, std::string& out) {
  replies_.clear();
  out += wire_;
  return {};
}

bool CommandRequest::accept(RedisReply reply) {
  replies_.push_back(std::move(reply));
  return replies_.size() == count_;
}

Result<bool> Session::advance(net::Request& request) {
  auto& commands = static_cast<CommandRequest&>(request);
  while (true) {
    Result<std::optional<RedisReply>> reply = decoder_.next();
    if (!reply) return fail(std::move(reply).error());
    if (!*reply) return false;
    if (commands.accept(**std::move(reply))) return true;
  }
}

}  // namespace cachekit::redis
