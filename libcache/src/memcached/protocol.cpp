#include "memcached/protocol.hpp"

#include "memcached/batch.hpp"
#include "memcached/session.hpp"
#include "net/pool/connection.hpp"

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
  if (lost == 0) return probe(connection, lost, deadline);
  session_of(connection).use(Dialect::classic);
  if (Result<void> answered = look_up(connection, deadline); !answered) {
    lost_.store(0);  // The server was just down, it seems.
    return answered;
  }
  if (lost < enough_losses) return probe(connection, lost, deadline);
  lost_.store(enough_losses - 1);
  session_of(connection).suspect(Deadline::after(suspicion_));
  return {};
}

bool MemcachedProtocol::learned_from(const Error& error) const noexcept {
  return error.code == Errc::unavailable && lost_.load() > 0;
}

Result<void> MemcachedProtocol::probe(net::Connection& connection, int lost,
                                      Deadline deadline) const {
  Batch probe(Command{.verb = Verb::probe});
  if (Result<void> sent = connection.exchange(probe, deadline); !sent) {
    if (sent.error().code == Errc::unavailable) lost_.compare_exchange_strong(lost, lost + 1);
    return sent;
  }
  lost_.store(0);
  const Result<Reply>& reply = probe.replies().front();
  if (!reply) return fail(reply.error());
  const bool unknown = reply->status == Reply::Status::missing;
  session_of(connection).use(unknown ? Dialect::classic : Dialect::meta);
  return {};
}

// Even the proxies that know little else answer it.
Result<void> MemcachedProtocol::look_up(net::Connection& connection, Deadline deadline) const {
  Batch lookup(Command{.verb = Verb::get, .key = "cachekit:handshake"});
  Result<void> answered = connection.exchange(lookup, deadline);
  if (answered && !lookup.replies().front()) answered = fail(lookup.replies().front().error());
  return answered;
}

}  // namespace cachekit::memcached
