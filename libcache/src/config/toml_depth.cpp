#include "config/toml_depth.hpp"

#include <algorithm>

namespace cachekit::config {
namespace {

// Where a text that opens with these quotes at `start` ends: after its closing quotes. What is not
// closed ends where the parser gives up as well, at the end of the line or of the document.
std::size_t end_of_text(std::string_view toml, std::size_t start, std::string_view quotes) {
  const bool escapes = quotes.front() == '"';
  const bool lines = quotes.size() == 3;
  std::size_t at = start + quotes.size();
  while (at < toml.size()) {
    if (escapes && toml[at] == '\\') {
      at += 2;
    } else if (toml.substr(at).starts_with(quotes)) {
      at += quotes.size();
      // Up to two more quotes belong to a text of many lines.
      for (int extra = 0; lines && extra < 2 && toml.substr(at, 1) == quotes.substr(0, 1);
           ++extra) {
        ++at;
      }
      return at;
    } else if (!lines && toml[at] == '\n') {
      return at;
    } else {
      ++at;
    }
  }
  return toml.size();
}

}  // namespace

std::optional<std::size_t> line_of_key_dot(std::string_view toml, std::size_t limit) {
  std::size_t depth = 0;
  std::size_t at = 0;
  while (at < toml.size()) {
    const char c = toml[at];
    const std::string_view quotes = toml.substr(at, 3);
    if (c == '#') {
      at = std::min(toml.find('\n', at), toml.size());
    } else if (c == '"' || c == '\'') {
      const bool lines = quotes == "\"\"\"" || quotes == "'''";
      at = end_of_text(toml, at, quotes.substr(0, lines ? 3 : 1));
    } else {
      if (c == '.' && ++depth == limit) {
        return 1 + static_cast<std::size_t>(std::ranges::count(toml.substr(0, at), '\n'));
      }
      ++at;
    }
  }
  return std::nullopt;
}

}  // namespace cachekit::config
