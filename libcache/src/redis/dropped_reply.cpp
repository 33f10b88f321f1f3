#include "redis/dropped_reply.hpp"

#include "core/out_of_memory.hpp"
#include "redis/reply_limits.hpp"

#include <algorithm>
#include <array>
#include <new>

namespace cachekit::redis {
namespace {

struct Row {
  Dropped why;
  Errc code;
  std::string_view text;
  std::string_view hint;
};

// Texts for want of memory fit into a `std::string` itself, and have no hint.
constexpr std::array rows{
    Row{Dropped::too_deep, Errc::too_large,
        "the reply is too deep: it nests more than 64 arrays, and was thrown away",
        "ask for a part of it"},
    Row{Dropped::too_many, Errc::too_large,
        "the reply has too many elements, more than 14 million, and was thrown away",
        "ask for a part of it, as SCAN, HSCAN or LRANGE do"},
    Row{Dropped::too_long, Errc::too_large,
        "the reply has too many bytes, more than 1 GiB or than 1 MiB in a line, and was thrown "
        "away",
        "ask for a part of it, as GETRANGE, HSCAN or LRANGE do"},
    Row{Dropped::no_memory, Errc::overloaded, no_memory, ""},
    Row{Dropped::lost, Errc::outcome_unknown, "reply lost: oom", ""},
};

static_assert(ReplyLimits{}.nesting == 64 && ReplyLimits{}.bytes == std::size_t{1} << 30U &&
              ReplyLimits{}.line == std::size_t{1} << 20U &&
              ReplyLimits{}.elements / 1'000'000 == 14);

RedisReply reply_of(Dropped why) {
  const auto row = std::ranges::find(rows, why, &Row::why);
  return {.type = RedisReply::Type::error, .text = std::string(row->text)};
}

}  // namespace

RedisReply dropped_reply(Dropped why) noexcept {
  try {
    return reply_of(why);
  } catch (const std::bad_alloc&) {
    return reply_of(Dropped::no_memory);
  }
}

std::optional<Error> error_of_dropped(std::string_view text, const std::string& endpoint) {
  const auto row = std::ranges::find(rows, text, &Row::text);
  if (row == rows.end()) return std::nullopt;
  if (row->hint.empty()) return Error{row->code, std::string(row->text), {}, {}};
  return Error{row->code, std::string(row->text), endpoint, std::string(row->hint)};
}

bool is_for_want_of_memory(std::string_view text) noexcept { return text == no_memory; }

}  // namespace cachekit::redis
