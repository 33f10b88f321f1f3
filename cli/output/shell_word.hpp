#pragma once

#include <string>
#include <string_view>

namespace cachekit::cli {

/// Between single quotes, as a POSIX shell reads it.
[[nodiscard]] std::string single_quoted(std::string_view text);

/// The same, without quotes where none are needed.
[[nodiscard]] std::string shell_word(std::string_view text);

}  // namespace cachekit::cli
