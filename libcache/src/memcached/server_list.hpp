#pragma once

#include "core/internal.hpp"
#include "net/transport/address.hpp"

#include <cachekit/error.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cachekit::memcached {

/// One entry of the server list: where it listens and its share of the ring.
struct Server {
  net::Address address{};
  std::uint32_t weight = 1;
};

/// Reads "host", "host:port", "host:port:weight", "[v6]", "[v6]:port", "[v6]:port:weight" or
/// "/path/of/a.socket".
/// Errors: `invalid_argument`, quoting the entry, for an empty list, a bad entry or one named
/// twice.
[[nodiscard]] CACHEKIT_INTERNAL Result<std::vector<Server>> parse_servers(
    std::span<const std::string> entries);

}  // namespace cachekit::memcached
