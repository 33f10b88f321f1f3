#include "redis/topology/single_server.hpp"

#include "net/backoff.hpp"

#include <cachekit/runtime.hpp>

namespace cachekit::redis {

// All that its requests call refused passes soon. One that could not be asked has been tried as
// often as it may be.
net::Verdict SingleServer::judge(const net::Attempt& attempt) {
  if (!attempt.outcome) return net::Verdict::deliver();
  return net::Verdict::retry(
      net::Backoff::pause_after(attempt.retries + 1, Runtime::current().random()));
}

}  // namespace cachekit::redis
