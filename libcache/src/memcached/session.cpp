#include "memcached/session.hpp"

#include "memcached/batch.hpp"

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

}  // namespace cachekit::memcached
