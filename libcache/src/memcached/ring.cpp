#include "memcached/ring.hpp"

#include <fmt/format.h>
#include <libmemcached/memcached.h>

namespace cachekit::memcached {
namespace {

memcached_return_t add(memcached_st* handle, const Server& server) {
  if (server.address.is_unix()) {
    return memcached_server_add_unix_socket_with_weight(handle, server.address.path.c_str(),
                                                        server.weight);
  }
  return memcached_server_add_with_weight(handle, server.address.host.c_str(), server.address.port,
                                          server.weight);
}

}  // namespace

void Ring::Release::operator()(memcached_st* handle) const noexcept { memcached_free(handle); }

Result<Ring> Ring::build(std::span<const Server> servers) {
  Handle handle(memcached_create(nullptr));
  if (!handle) return fail(Errc::overloaded, "no memory for the ring of memcached servers");
  memcached_return_t outcome =
      memcached_behavior_set(handle.get(), MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED, 1);
  for (const Server& server : servers) {
    if (outcome == MEMCACHED_SUCCESS) outcome = add(handle.get(), server);
    if (outcome == MEMCACHED_SUCCESS) continue;
    return fail(Errc::invalid_argument,
                fmt::format("memcached server \"{}\" cannot be put on the ring: {}",
                            server.address.endpoint(), memcached_strerror(handle.get(), outcome)));
  }
  return Ring(std::move(handle));
}

std::size_t Ring::owner(std::string_view key) const {
  return memcached_generate_hash(handle_.get(), key.data(), key.size());
}

}  // namespace cachekit::memcached
