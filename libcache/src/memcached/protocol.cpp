#include "memcached/protocol.hpp"

#include "memcached/batch.hpp"
#include "memcached/session.hpp"
#include "net/connection.hpp"

namespace cachekit::memcached {
namespace {

MemcachedSession& session_of(net::Connection& connection) {
  return static_cast<MemcachedSession&>(connection.session());
}

}  // namespace

std::unique_ptr<net::Session> MemcachedProtocol::make_session() const {
  return std::make_unique<MemcachedSession>();
}

Result<void> MemcachedProtocol::handshake(net::Connection& connection, Deadline deadline) const {
  const int lost = lost_.load();
  return lost < enough_losses ? greet(connection, lost, deadline)
                              : try_classic(connection, deadline);
}

bool MemcachedProtocol::learned_from(const Error& error) const noexcept {
  return error.code == Errc::unavailable && lost_.load() > 0;
}

Result<void> MemcachedProtocol::greet(net::Connection& connection, int lost,
                                      Deadline deadline) const {
  Batch hello(Command{.verb = Verb::hello});
  if (Result<void> sent = connection.exchange(hello, deadline); !sent) {
    if (sent.error().code == Errc::unavailable) lost_.compare_exchange_strong(lost, lost + 1);
    return sent;
  }
  lost_.store(0);
  const Result<Reply>& reply = hello.replies().front();
  if (!reply) return fail(reply.error());
  if (reply->status == Reply::Status::missing) session_of(connection).use(Dialect::classic);
  return {};
}

// A look-up, for even the proxies that know little else answer one.
Result<void> MemcachedProtocol::try_classic(net::Connection& connection, Deadline deadline) const {
  session_of(connection).suspect(Deadline::after(suspicion_));
  Batch lookup(Command{.verb = Verb::get, .key = "cachekit:handshake"});
  Result<void> answered = connection.exchange(lookup, deadline);
  if (answered && !lookup.replies().front()) answered = fail(lookup.replies().front().error());
  // Without an answer the server was just down, it seems.
  lost_.store(answered ? enough_losses - 1 : 0);
  return answered;
}

}  // namespace cachekit::memcached
