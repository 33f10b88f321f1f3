#pragma once

#include <cachekit/export.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace cachekit {

/// The length of the well-formed sequence that begins at `i`, 0 if none does: no overlong forms, no
/// surrogates, nothing above U+10FFFF (Unicode 15, table 3-7). Requires: `i` < size.
[[nodiscard]] CACHEKIT_API std::size_t utf8_length(std::string_view bytes, std::size_t i) noexcept;

/// Whether all of it is well-formed.
[[nodiscard]] CACHEKIT_API bool is_utf8(std::string_view bytes) noexcept;

/// The text with U+FFFD for each byte that is not part of a well-formed sequence.
[[nodiscard]] CACHEKIT_API std::string replace_invalid_utf8(std::string_view bytes);

}  // namespace cachekit
