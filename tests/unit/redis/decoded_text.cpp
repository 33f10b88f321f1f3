#include "unit/redis/decoded_text.hpp"

#include <optional>

namespace cachekit::redis {

std::string text_of(const RedisReply& reply) {
  std::string text = std::to_string(static_cast<int>(reply.type)) + ' ' +
                     std::to_string(reply.integer) + ' ' + reply.text + '(';
  for (const RedisReply& element : reply.elements) text += text_of(element);
  return text + ')';
}

std::string decoded_text(const std::vector<std::string_view>& pieces, const ReplyLimits& limits) {
  RespDecoder decoder(limits);
  std::string text;
  for (const std::string_view piece : pieces) {
    decoder.feed(piece);
    while (true) {
      const Result<std::optional<RedisReply>> reply = decoder.next();
      if (!reply) return text + "broken";
      if (!*reply) break;
      text += text_of(**reply);
    }
  }
  return text + (decoder.idle() ? "idle" : "waiting");
}

}  // namespace cachekit::redis
