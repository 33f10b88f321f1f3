#pragma once

#include "memcached/server_list.hpp"
#include "net/routing/node.hpp"

#include <cachekit/memcached.hpp>

namespace cachekit::memcached {

using net::Node;

/// No I/O. Errors: throws `std::bad_alloc`.
[[nodiscard]] net::NodeRef make_node(const Server& server, const MemcachedConfig& config);

}  // namespace cachekit::memcached
