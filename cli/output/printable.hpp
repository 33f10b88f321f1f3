#pragma once

#include <string>
#include <string_view>

namespace cachekit::cli {

/// For a line on a terminal: control bytes, which could end the line or drive the terminal, as
/// "\n" or "\x1B".
[[nodiscard]] std::string printable(std::string_view text);

/// The same text with what stands between "://" and "@" masked: a URL that was typed in the wrong
/// place may carry a password.
[[nodiscard]] std::string without_credentials(std::string_view text);

}  // namespace cachekit::cli
