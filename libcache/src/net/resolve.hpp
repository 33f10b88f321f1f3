#pragma once

#include "net/address.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

#include <memory>

#include <netdb.h>

namespace cachekit::net {

struct FreeAddressList {
  void operator()(addrinfo* list) const noexcept { freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, FreeAddressList>;

/// Looks a host up, now: nothing is remembered, so a failover in DNS is seen on the next connect.
///
/// Errors: `unavailable` with the resolver's reason, `timeout`. Cost: a numeric address is read at
/// once; a name is resolved on a thread of its own, because `getaddrinfo` knows no deadline.
[[nodiscard]] Result<AddressList> resolve(const Address& address, Deadline deadline);

}  // namespace cachekit::net
