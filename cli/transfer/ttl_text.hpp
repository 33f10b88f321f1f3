#pragma once

#include <cachekit/ttl.hpp>

#include <string_view>

namespace cachekit::cli {

/// "30s" or "none", as flags and files write a TTL.
/// Errors: `invalid_argument` for anything else, and for what no backend would take.
[[nodiscard]] Result<Ttl> parse_ttl(std::string_view text);

}  // namespace cachekit::cli
