#pragma once

#include "memcached/command.hpp"

#include <cstdint>
#include <string>

namespace cachekit::test {

/// An entry that the server has found, with its version.
inline memcached::Reply entry(const std::string& value, std::uint64_t version) {
  memcached::Reply reply;
  reply.status = memcached::Reply::Status::done;
  reply.value = value;
  reply.version = version;
  return reply;
}

/// An answer without an entry.
inline memcached::Reply told(memcached::Reply::Status status) {
  memcached::Reply reply;
  reply.status = status;
  return reply;
}

}  // namespace cachekit::test
