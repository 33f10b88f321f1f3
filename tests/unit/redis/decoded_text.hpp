#pragma once

#include "redis/resp_decoder.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cachekit::redis {

/// All that a reply says, to compare replies by.
[[nodiscard]] std::string text_of(const RedisReply& reply);

/// All that comes of bytes that arrive in these pieces: the replies, then "broken", "idle" or
/// "waiting".
[[nodiscard]] std::string decoded_text(const std::vector<std::string_view>& pieces,
                                       const ReplyLimits& limits = {});

}  // namespace cachekit::redis
