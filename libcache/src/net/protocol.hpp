#pragma once

#include "net/request.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

#include <memory>

namespace cachekit::net {

class Connection;

/// How to start talking to a peer: what `net` has to be told about a protocol, and no more.
/// Threads: `make_session` and `handshake` may be called for several connections at once.
class Protocol {
 public:
  virtual ~Protocol() = default;

  [[nodiscard]] virtual std::unique_ptr<Session> make_session() const = 0;
  /// Runs on every new connection before the first request: authentication, dialect, database.
  /// Errors: `rejected` for wrong credentials; any error closes the connection.
  [[nodiscard]] virtual Result<void> handshake(Connection& connection, Deadline deadline) const = 0;
  /// Whether the failure of a handshake taught something that makes another one worthwhile at once;
  /// `forget` is called when the last one failed, too, or the peer is not to be reached any more.
  [[nodiscard]] virtual bool learned_from(const Error&) const noexcept { return false; }
  virtual void forget() const noexcept {}
};

}  // namespace cachekit::net
