#pragma once

#include <cachekit/redis_reply.hpp>

#include <cstdint>
#include <initializer_list>

namespace cachekit::redis {

/// The types of reply that a command can give; an error is always among them. A reply of another
/// type is not that command's: replies are out of step.
class ReplyTypes {
 public:
  using Type = RedisReply::Type;

  constexpr ReplyTypes(std::initializer_list<Type> types) noexcept : bits_(bit(Type::error)) {
    for (const Type type : types) bits_ = static_cast<std::uint8_t>(bits_ | bit(type));
  }
  [[nodiscard]] static constexpr ReplyTypes any() noexcept {
    return {Type::nil, Type::status, Type::integer, Type::string, Type::array};
  }

  [[nodiscard]] constexpr bool contain(Type type) const noexcept {
    return (bits_ & bit(type)) != 0;
  }

 private:
  [[nodiscard]] static constexpr std::uint8_t bit(Type type) noexcept {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(type));
  }

  std::uint8_t bits_;
};

/// What most commands give.
inline constexpr ReplyTypes only_status{RedisReply::Type::status};
inline constexpr ReplyTypes only_integer{RedisReply::Type::integer};
inline constexpr ReplyTypes only_string{RedisReply::Type::string};
inline constexpr ReplyTypes only_array{RedisReply::Type::array};

}  // namespace cachekit::redis
