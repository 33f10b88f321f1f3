#pragma once

#include <cachekit/redis_reply.hpp>

#include <cstddef>
#include <optional>
#include <string_view>

namespace cachekit::redis {

struct SimpleReply {
  RedisReply reply{};
  std::size_t bytes = 0;  ///< How many of those given it is made of.
};

/// The line before a string.
struct StringHeader {
  std::size_t size = 0;   ///< Of the string.
  std::size_t bytes = 0;  ///< Of the line.
};

/// The line at the beginning of `bytes`, if all of it is there and it announces a string, in the
/// one way in which servers do.
[[nodiscard]] std::optional<StringHeader> string_header(std::string_view bytes);

/// The string, number, nil or "OK" at the beginning of `bytes`, if all of it is there and it is
/// written the one way in which servers write it. Empty says nothing: it may be another reply, a
/// part of one, or nonsense.
[[nodiscard]] std::optional<SimpleReply> simple_reply(std::string_view bytes);

}  // namespace cachekit::redis
