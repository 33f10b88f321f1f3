#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cachekit {

/// One reply of a Redis server, as typed by RESP2 (https://redis.io/docs/reference/protocol-spec/).
struct RedisReply {
  enum class Type : std::uint8_t {
    nil,      ///< No such thing.
    status,   ///< `text` is the status, such as "OK".
    error,    ///< `text` is the server's error; seen only inside arrays.
    integer,  ///< `integer` holds the number.
    string,   ///< `text` holds the bytes.
    array,    ///< `elements` holds the parts.
  };

  Type type = Type::nil;
  std::int64_t integer = 0;
  std::string text{};
  std::vector<RedisReply> elements{};

  [[nodiscard]] bool is_nil() const noexcept { return type == Type::nil; }
  [[nodiscard]] bool is_error() const noexcept { return type == Type::error; }
};

}  // namespace cachekit
