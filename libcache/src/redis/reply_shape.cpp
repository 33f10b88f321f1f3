#include "redis/reply_shape.hpp"

#include "core/counter.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace cachekit::redis {
namespace {

using Type = RedisReply::Type;

bool is_number(std::string_view text) noexcept {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_token_and_time(std::string_view text) noexcept {
  const std::size_t blank = text.find(' ');
  return blank != std::string_view::npos && is_number(text.substr(0, blank)) &&
         is_number(text.substr(blank + 1));
}

bool is_page(const RedisReply& reply) noexcept {
  const auto is_text = [](const RedisReply& part) { return part.type == Type::string; };
  return reply.elements.size() == 2 && is_text(reply.elements[0]) &&
         is_number(reply.elements[0].text) && reply.elements[1].type == Type::array &&
         std::ranges::all_of(reply.elements[1].elements, is_text);
}

}  // namespace

bool ReplyShape::can_say(const RedisReply& reply) const noexcept {
  constexpr std::int64_t no_such_key = -2;
  switch (content_) {
    case Content::any:
      return true;
    case Content::ok:
      return reply.type != Type::status || reply.text == "OK";
    case Content::pong:
      return reply.type != Type::status || reply.text == "PONG";
    case Content::flag:
      return reply.type != Type::integer || reply.integer == 0 || reply.integer == 1;
    case Content::count:
      return reply.type != Type::integer || reply.integer >= 0;
    case Content::remaining_ttl:
      return reply.type != Type::integer || reply.integer >= no_such_key;
    case Content::number:
      return reply.type != Type::string || core::parse_counter(reply.text).has_value();
    case Content::page:
      return reply.type != Type::array || is_page(reply);
    case Content::lease:
      return reply.type == Type::status
                 ? is_token_and_time(reply.text)
                 : reply.type != Type::integer || reply.integer >= no_such_key;
  }
  return false;
}

}  // namespace cachekit::redis
