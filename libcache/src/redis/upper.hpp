#pragma once

#include <string>
#include <string_view>

namespace cachekit::redis {

/// In capitals, as servers compare the names of commands: without regard to the locale.
[[nodiscard]] inline std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

}  // namespace cachekit::redis
