#include "memcached/session.hpp"

#include "memcached/batch.hpp"

namespace cachekit::memcached {

Result<bool> MemcachedSession::advance(net::Request& request) {
  auto& batch = static_cast<Batch&>(request);  // The only kind of request that meets this session.
  while (const Command* command = batch.pending()) {
    Result<bool> complete = decoder_.advance(*command, dialect_);
    if (!complete || !*complete) return complete;
    batch.answer(decoder_.take());
  }
  return true;
}

}  // namespace cachekit::memcached
