#pragma once

#include "net/large_keys.hpp"
#include "redis/client.hpp"

#include <cachekit/redis.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace cachekit {

class RedisBackend::Impl {
 public:
  explicit Impl(const RedisConfig& config) : client(config) {}

  /// Errors: `too_large`.
  [[nodiscard]] Result<void> check_value(std::string_view value) const;

  /// Notes how large the value of a key was, or the reply to what a label stands for.
  void note_size(std::string_view label, std::size_t bytes) noexcept {
    large_keys.note(label, bytes);
  }

  /// Runs a command that holds nobody up, but by the size of its reply: that of `label` is noted.
  [[nodiscard]] Result<RedisReply> run_shared(std::span<const std::string_view> arguments,
                                              redis::Replay replay, const std::string& label,
                                              Deadline deadline);

  net::LargeKeys large_keys{};  // Before the client, whose last requests note sizes.
  redis::Client client;
};

}  // namespace cachekit
