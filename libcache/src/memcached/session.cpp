#include "memcached/session.hpp"

#include "memcached/batch.hpp"
#include "memcached/server_error.hpp"

namespace cachekit::memcached {

Result<bool> MemcachedSession::advance(net::Request& request) {
  // No other kind of request meets this session.
  auto& commands = static_cast<CommandRequest&>(request);
  while (const Command* command = commands.pending()) {
    Result<bool> complete = decoder_.advance(*command, dialect_);
    if (!complete || !*complete) return complete;
    commands.answer(decoder_.take());
  }
  return true;
}

// "ERROR" alone and "CLIENT_ERROR" answer a command, so replies are out of step.
std::optional<Error> MemcachedSession::refusal(std::string_view bytes) const {
  const std::string_view line = bytes.substr(0, bytes.find("\r\n"));
  if (!is_error_line(line)) return std::nullopt;
  Error error = server_error(line);
  if (error.code == Errc::protocol) return std::nullopt;
  error.code = Errc::unavailable;
  return error;
}

}  // namespace cachekit::memcached
