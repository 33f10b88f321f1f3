#pragma once

#include <cachekit/redis_reply.hpp>

#include <cstdint>
#include <initializer_list>

namespace cachekit::redis {

/// What the replies of a command can look like: their types, an error always among them, and what
/// they can say. A reply of another shape is not that command's: replies are out of step.
class ReplyShape {
 public:
  using Type = RedisReply::Type;

  /// What a reply says, where that is not for users to choose. What is said of a type holds for
  /// replies of that type.
  enum class Content : std::uint8_t {
    any,
    ok,             ///< The status is OK.
    pong,           ///< The status is PONG.
    flag,           ///< The integer is 0 or 1: of one key, what it counts.
    count,          ///< The integer is not negative.
    remaining_ttl,  ///< The integer is a time, or -1 or -2 (PTTL).
    number,         ///< The string is a number of 64 bits.
    page,           ///< The array is a cursor and an array of keys (SCAN).
    lease,          ///< The status is a token and a time, the integer as of `remaining_ttl`.
  };

  constexpr ReplyShape(std::initializer_list<Type> types, Content content = Content::any) noexcept
      : bits_(bit(Type::error)), content_(content) {
    for (const Type type : types) bits_ = static_cast<std::uint8_t>(bits_ | bit(type));
  }
  [[nodiscard]] static constexpr ReplyShape any() noexcept {
    return {Type::nil, Type::status, Type::integer, Type::string, Type::array};
  }

  /// Whether there can be no array, which is said in another way than that there is no string. Of
  /// the commands whose replies are known none says so.
  [[nodiscard]] constexpr bool can_lack_array() const noexcept {
    return content_ == Content::any && (bits_ & bit(Type::array)) != 0;
  }
  [[nodiscard]] bool fits(const RedisReply& reply) const noexcept {
    if ((bits_ & bit(reply.type)) == 0) return false;
    return content_ == Content::any || reply.is_error() || can_say(reply);
  }

 private:
  [[nodiscard]] static constexpr std::uint8_t bit(Type type) noexcept {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(type));
  }
  [[nodiscard]] bool can_say(const RedisReply& reply) const noexcept;

  std::uint8_t bits_;
  Content content_;
};

/// Has the decoder tell a `*-1` from a `$-1`, until the session has looked at it: both are nil.
void mark_as_array(RedisReply& nil) noexcept;
/// Whether a reply was marked so, which it is no more.
[[nodiscard]] bool take_mark(RedisReply& reply) noexcept;

/// What most commands give.
inline constexpr ReplyShape only_ok{{RedisReply::Type::status}, ReplyShape::Content::ok};
inline constexpr ReplyShape only_pong{{RedisReply::Type::status}, ReplyShape::Content::pong};
inline constexpr ReplyShape only_flag{{RedisReply::Type::integer}, ReplyShape::Content::flag};
inline constexpr ReplyShape only_count{{RedisReply::Type::integer}, ReplyShape::Content::count};
inline constexpr ReplyShape only_string{RedisReply::Type::string};
inline constexpr ReplyShape only_array{RedisReply::Type::array};

}  // namespace cachekit::redis
