#pragma once

#include <string_view>

namespace cachekit::core {

/// Whether a key matches a glob as Redis reads it: `*` any run, `?` one byte, `[a-z]` a class,
/// `[^x]` its opposite, `\` takes the next byte literally. Cost: no recursion; at most
/// pattern x text steps.
[[nodiscard]] bool glob_match(std::string_view pattern, std::string_view text) noexcept;

}  // namespace cachekit::core
