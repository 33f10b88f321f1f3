#pragma once

#include "core/mutex.hpp"
#include "net/pool/connection.hpp"
#include "net/protocol.hpp"
#include "net/transport/address.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

namespace cachekit::net {

/// Opens connections to one peer by whichever of its addresses serves, in the spirit of RFC 8305
/// ("happy eyeballs").
///
/// Every time the name is resolved anew and its addresses are tried in turn, that which served last
/// first. To serve is to be connected to and to shake hands; a peer that accepts and says nothing
/// has 250 ms while there are other addresses. Those that said nothing get longer in a second
/// round, and so on until the budget is spent; those that said no are not asked again.
///
/// Threads: any at once.
class Dialer {
 public:
  /// `where`: tells the address before each attempt; empty where it is always `address`, by whose
  /// name the peer goes in messages.
  Dialer(Address address, std::shared_ptr<const Protocol> protocol, AddressSource where = {});

  /// Resolves, connects and shakes hands, all within `deadline`; again, a few times, where the
  /// protocol learned from the failure of a handshake.
  /// Errors: that of the address that said most: a server's own words before silence, silence
  /// before a refused connection. What another address of the same server would say, too
  /// (`rejected` for a wrong password), ends it at once. `overloaded` without memory.
  [[nodiscard]] Result<std::unique_ptr<Connection>> open(Deadline deadline);

 private:
  struct Attempt;
  struct Failure;

  [[nodiscard]] Result<std::unique_ptr<Connection>> open_any(const Address& address,
                                                             Deadline deadline);
  [[nodiscard]] Attempt attempt(const Address& address, const SocketAddress& to,
                                Deadline deadline) const;
  [[nodiscard]] std::optional<SocketAddress> first() const;
  void note_served(const SocketAddress& address);
  void note_failed(const std::optional<SocketAddress>& first, const SocketAddress& second);

  const Address address_;
  const std::shared_ptr<const Protocol> protocol_;
  const AddressSource where_;

  mutable core::Mutex mutex_;
  // To begin with, if the name still leads there.
  std::optional<SocketAddress> first_ CACHEKIT_GUARDED_BY(mutex_);
};

}  // namespace cachekit::net
