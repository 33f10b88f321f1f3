#pragma once

#include "net/transport/address.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

#include <vector>

namespace cachekit::net {

/// The socket addresses behind an address, at least one, in the order in which they are to be
/// tried.
///
/// A name is looked up now: nothing is remembered, so a failover in DNS is seen on the next
/// connect. But one look-up of a name is under way in the process at most, whatever the ports.
/// Whoever asks meanwhile waits for it, within a deadline of its own; what it finds after everybody
/// has left is thrown away. After a failure the next one has to wait, as after a failure to
/// connect.
///
/// Threads: any at once; a forked child does not wait for what its parent asked.
/// Errors: `unavailable` with the resolver's reason, `timeout`; `overloaded` where there is no
/// thread or no memory for it; `invalid_argument` for a path that no socket can have. Cost: a
/// numeric address is read at once; a name is looked up on a thread that ends with it, for
/// `getaddrinfo` knows no deadline.
[[nodiscard]] Result<std::vector<SocketAddress>> resolve(const Address& address, Deadline deadline);

}  // namespace cachekit::net
