#pragma once

#include "net/large_keys.hpp"
#include "redis/client.hpp"

#include <cachekit/redis.hpp>

#include <cstddef>
#include <new>
#include <string_view>

namespace cachekit {

namespace redis {

/// It helps others only, and does without where there is no memory for it.
inline void note_size(net::LargeKeys& keys, std::string_view label, std::size_t bytes) noexcept {
  try {
    keys.note(label, bytes);
  } catch (const std::bad_alloc&) {
    return;
  }
}

}  // namespace redis

class RedisBackend::Impl {
 public:
  explicit Impl(const RedisConfig& config) : client(config) {}

  /// Errors: `too_large`.
  [[nodiscard]] Result<void> check_value(std::string_view value) const;

  /// Notes how large the value of a key was, or the reply to what a label stands for.
  void note_size(std::string_view label, std::size_t bytes) noexcept {
    redis::note_size(large_keys, label, bytes);
  }

  net::LargeKeys large_keys{};  // Before the client, whose last requests note sizes.
  redis::Client client;
};

}  // namespace cachekit
