#include "memcached/protocol.hpp"

#include "memcached/batch.hpp"
#include "memcached/session.hpp"
#include "net/connection.hpp"

namespace cachekit::memcached {
namespace {

void speak_classic(net::Connection& connection) {
  static_cast<MemcachedSession&>(connection.session()).use(Dialect::classic);
}

}  // namespace

std::unique_ptr<net::Session> MemcachedProtocol::make_session() const {
  return std::make_unique<MemcachedSession>();
}

Result<void> MemcachedProtocol::handshake(net::Connection& connection, Deadline deadline) const {
  switch (knowledge_.load()) {
    case Knowledge::none:
      return greet(connection, deadline);
    case Knowledge::suspected:
      return try_classic(connection, deadline);
    case Knowledge::classic:
      break;
  }
  speak_classic(connection);
  return {};
}

bool MemcachedProtocol::learned_from(const Error& error) const noexcept {
  return error.code == Errc::unavailable && knowledge_.load() == Knowledge::suspected;
}

// The server was just down, it seems: the next connection says "mn" again.
void MemcachedProtocol::forget() const noexcept {
  Knowledge expected = Knowledge::suspected;
  knowledge_.compare_exchange_strong(expected, Knowledge::none);
}

Result<void> MemcachedProtocol::greet(net::Connection& connection, Deadline deadline) const {
  Batch hello(Command{.verb = Verb::hello});
  if (Result<void> sent = connection.exchange(hello, deadline); !sent) {
    if (sent.error().code == Errc::unavailable) {
      Knowledge expected = Knowledge::none;
      knowledge_.compare_exchange_strong(expected, Knowledge::suspected);
    }
    return sent;
  }
  const Result<Reply>& reply = hello.replies().front();
  if (!reply) return fail(reply.error());
  if (reply->status == Reply::Status::missing) speak_classic(connection);
  return {};
}

// A look-up, for even the proxies that know little else answer one.
Result<void> MemcachedProtocol::try_classic(net::Connection& connection, Deadline deadline) const {
  speak_classic(connection);
  Batch lookup(Command{.verb = Verb::get, .key = "cachekit:handshake"});
  Result<void> answered = connection.exchange(lookup, deadline);
  if (!answered) return answered;
  if (!lookup.replies().front()) return fail(lookup.replies().front().error());
  knowledge_.store(Knowledge::classic);
  return {};
}

}  // namespace cachekit::memcached
