#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace cachekit::redis {

[[nodiscard]] constexpr char capital(char c) noexcept {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

/// In capitals, as servers compare the names of commands: without regard to the locale.
[[nodiscard]] inline std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = capital(c);
  return out;
}

/// Whether it is this word in capitals. Needs no memory.
[[nodiscard]] inline bool equals_in_capitals(std::string_view text,
                                             std::string_view capitals) noexcept {
  return std::ranges::equal(text, capitals, {}, capital);
}

}  // namespace cachekit::redis
