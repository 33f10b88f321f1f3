#pragma once

#include <cachekit/redis_reply.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

/// What commands are remembered by whose replies were large, so that the next one of their kind
/// does not hold up others.

namespace cachekit::redis {

/// The name of the command and its first key, or what stands in its place; of GET the key alone, as
/// `get` remembers it. Requires: at least one argument.
[[nodiscard]] std::string label_of(std::span<const std::string_view> arguments);

/// About how many bytes a reply had on the wire.
[[nodiscard]] std::size_t size_of(const RedisReply& reply) noexcept;

}  // namespace cachekit::redis
