#pragma once

#include <string_view>

namespace cachekit::core {

/// Whether a text is digits and points alone: a number that lacks its unit.
[[nodiscard]] inline bool is_bare_number(std::string_view text) noexcept {
  return !text.empty() && text.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace cachekit::core
