#pragma once

#include <cachekit/error.hpp>

#include <string>
#include <string_view>

namespace cachekit::redis {

/// The one mapping of a Redis error reply ("WRONGTYPE Operation against ...") to an `Error`.
[[nodiscard]] Error error_of_reply(std::string_view text, const std::string& endpoint);

}  // namespace cachekit::redis
