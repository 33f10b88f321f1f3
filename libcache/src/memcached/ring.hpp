#pragma once

#include "memcached/server_list.hpp"

#include <cachekit/error.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

struct memcached_st;

namespace cachekit::memcached {

/// Which server owns a key: libmemcached's own weighted ketama ring, on a handle that never does
/// I/O, so that every libmemcached client with the same list looks in the same place.
///
/// Threads: `owner` may be called from any thread at once; it only reads the ring, which is built
/// once and never changes (automatic ejection, the one thing that would rebuild it, stays off).
class Ring {
 public:
  /// Errors: `invalid_argument` when libmemcached refuses the list.
  [[nodiscard]] static Result<Ring> build(std::span<const Server> servers);

  /// The position in the list of the server that owns `key`.
  [[nodiscard]] std::size_t owner(std::string_view key) const;

 private:
  struct Release {
    void operator()(memcached_st* handle) const noexcept;
  };
  using Handle = std::unique_ptr<memcached_st, Release>;

  explicit Ring(Handle handle) noexcept : handle_(std::move(handle)) {}

  Handle handle_;
};

}  // namespace cachekit::memcached
