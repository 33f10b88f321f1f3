#pragma once

#include <cachekit/redis_reply.hpp>

#include <cstddef>

namespace cachekit::redis {

/// What of one reply is kept; more of it is skipped, and the caller told so.
struct ReplyLimits {
  std::size_t nesting = 64;                   ///< Arrays in each other.
  std::size_t bytes = std::size_t{1} << 30U;  ///< On the wire.
  std::size_t line = std::size_t{1} << 20U;   ///< Bytes of a status or an error.
  /// An element takes more memory than its four bytes on the wire.
  std::size_t elements = (std::size_t{1} << 30U) / sizeof(RedisReply);
};

}  // namespace cachekit::redis
