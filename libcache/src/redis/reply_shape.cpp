#include "redis/reply_shape.hpp"

#include "core/counter.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <system_error>
#include <utility>

namespace cachekit::redis {
namespace {

using Type = RedisReply::Type;

// Digits, of 64 bits at most.
template <typename Number>
bool is_number(std::string_view text) noexcept {
  Number number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && stop == end && !text.starts_with('-');
}

bool is_token_and_time(std::string_view text) noexcept {
  const std::size_t blank = text.find(' ');
  return blank != std::string_view::npos && is_number<std::uint64_t>(text.substr(0, blank)) &&
         is_number<std::int64_t>(text.substr(blank + 1));
}

bool is_page(const RedisReply& reply) noexcept {
  const auto is_text = [](const RedisReply& part) { return part.type == Type::string; };
  return reply.elements.size() == 2 && is_text(reply.elements[0]) &&
         is_number<std::uint64_t>(reply.elements[0].text) &&
         reply.elements[1].type == Type::array &&
         std::ranges::all_of(reply.elements[1].elements, is_text);
}

}  // namespace

void mark_as_array(RedisReply& nil) noexcept { nil.integer = -1; }

bool take_mark(RedisReply& reply) noexcept {
  return reply.is_nil() && std::exchange(reply.integer, 0) != 0;
}

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
