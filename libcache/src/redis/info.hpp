#pragma once

#include <cachekit/report.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cachekit::redis {

/// The names and values of an INFO reply, in its order (https://redis.io/commands/info/).
using Info = std::vector<std::pair<std::string, std::string>>;

[[nodiscard]] Info parse_info(std::string_view text);
/// The value of a name, or empty.
[[nodiscard]] std::string_view find(const Info& info, std::string_view name) noexcept;
/// The keys of all databases, out of "db0:keys=3,expires=1,..." lines; empty where the reply does
/// not tell.
[[nodiscard]] std::optional<std::uint64_t> keys_of_all(std::string_view text);
/// What of INFO has a place in the common vocabulary. A limit of 0 (none set) is left empty.
[[nodiscard]] NodeStats stats_of(Info info);

}  // namespace cachekit::redis
