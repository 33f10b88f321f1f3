#pragma once

#include <cachekit/utf8.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace cachekit::cli {

/// RFC 4648, section 4, with padding.
[[nodiscard]] std::string to_base64(std::string_view bytes);
/// Empty where the text is not base64; padding may be left out.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace cachekit::cli
