#pragma once

#include <cachekit/error.hpp>
#include <cachekit/redis_reply.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What stands in the place of a reply that was well-formed and could not be kept: an error reply
/// that no server gives. So it goes where the reply would have gone, to the caller who asked, and
/// becomes an `Error` where error replies do.

namespace cachekit::redis {

/// Why a reply was not kept.
enum class Dropped : std::uint8_t {
  too_deep,
  too_many,  ///< Elements.
  too_long,  ///< Bytes, of all of it or of one line.
  no_memory,
  lost,  ///< The same, and it was the reply to a write, whose outcome nobody knows now.
};

/// Allocates nothing for want of memory, and otherwise says that instead.
[[nodiscard]] RedisReply dropped_reply(Dropped why) noexcept;

/// The error of an error reply that is such a one. Allocates nothing for want of memory.
[[nodiscard]] std::optional<Error> error_of_dropped(std::string_view text,
                                                    const std::string& endpoint);

/// Whether the text of an error reply is that of a reply for which there was no memory.
[[nodiscard]] bool is_for_want_of_memory(std::string_view text) noexcept;

}  // namespace cachekit::redis
