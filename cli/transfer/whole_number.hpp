#pragma once

#include <cachekit/error.hpp>

#include <cstdint>
#include <string_view>

namespace cachekit::cli {

/// Digits and nothing else: no sign, no fraction, no other base.
/// Errors: `invalid_argument` for anything else, and for what does not fit.
[[nodiscard]] Result<std::uint64_t> parse_whole_number(std::string_view text);

}  // namespace cachekit::cli
