#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cachekit::cli {

/// Whether the bytes are well-formed UTF-8 (no overlong forms, no surrogates), so that JSON can
/// carry them as they are.
[[nodiscard]] bool is_utf8(std::string_view bytes) noexcept;

/// RFC 4648, section 4, with padding.
[[nodiscard]] std::string to_base64(std::string_view bytes);
/// Empty where the text is not base64; padding may be left out.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace cachekit::cli
