#pragma once

#include "key_space.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <libmemcached/memcached.h>
#include <libmemcached/util.h>

namespace cachekit::bench {

namespace libmemcached {

struct Free {
  void operator()(memcached_st* client) const noexcept { memcached_free(client); }
};
using Handle = std::unique_ptr<memcached_st, Free>;

/// Set up as a careful user would: TCP_NODELAY (else the kernel holds small requests back),
/// blocking sockets (for gets that wait one by one they are the faster ones), the text protocol.
/// Errors: `BenchFailure`.
[[nodiscard]] Handle open(const std::string& host, std::uint16_t port);

}  // namespace libmemcached

/// One connection by libmemcached. Threads: one at a time.
class LibmemcachedClient {
 public:
  LibmemcachedClient(const std::string& host, std::uint16_t port);

  void get(std::string_view key, std::size_t size);

 private:
  libmemcached::Handle handle_;
};

/// libmemcached's own pool, one client of it checked out for each operation.
class LibmemcachedPool {
 public:
  LibmemcachedPool(const std::string& host, std::uint16_t port, std::uint32_t connections);
  ~LibmemcachedPool();
  LibmemcachedPool(const LibmemcachedPool&) = delete;
  LibmemcachedPool& operator=(const LibmemcachedPool&) = delete;

  void get(std::string_view key, std::size_t size);

 private:
  class PooledConnection;

  libmemcached::Handle master_;  // The pool copies its settings, and does not own it.
  memcached_pool_st* pool_;
};

}  // namespace cachekit::bench
