#include "parser/wrap.hpp"

#include "output/terminal_width.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <vector>

#include <unistd.h>

namespace cachekit::cli {
namespace {

constexpr std::size_t narrowest = 20;
constexpr std::size_t widest = 100;

// Words between spaces; with `quoted`, a space between single quotes is part of a word.
std::vector<std::string_view> words_of(std::string_view text, bool quoted) {
  std::vector<std::string_view> words;
  bool inside = false;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && quoted && text[i] == '\'') inside = !inside;
    if (i < text.size() && (text[i] != ' ' || inside)) continue;
    if (i > begin) words.push_back(text.substr(begin, i - begin));
    begin = i + 1;
  }
  return words;
}

struct Layout {
  std::size_t indent;
  std::size_t columns;
  std::size_t hanging = 0;       ///< More indent from the second line on.
  std::string_view continued{};  ///< At the end of every line but the last.
};

std::string laid_out(const std::vector<std::string_view>& words, const Layout& layout) {
  std::string out;
  std::string line(layout.indent, ' ');
  bool empty = true;
  for (const std::string_view word : words) {
    if (!empty && line.size() + 1 + word.size() + layout.continued.size() > layout.columns) {
      out.append(line).append(layout.continued).append("\n");
      line.assign(layout.indent + layout.hanging, ' ');
      empty = true;
    }
    if (!empty) line += ' ';
    line += word;
    empty = false;
  }
  return out + line + "\n";
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t indent, std::size_t columns) {
  std::string out;
  while (true) {
    const std::size_t end = text.find("\n\n");
    out += laid_out(words_of(text.substr(0, end), false), {.indent = indent, .columns = columns});
    if (end == std::string_view::npos) return out;
    out += "\n";
    text.remove_prefix(end + 2);
  }
}

std::string wrapped_command(std::string_view line, std::size_t indent, std::size_t columns) {
  return laid_out(words_of(line, true),
                  {.indent = indent, .columns = columns, .hanging = 4, .continued = " \\"});
}

std::size_t terminal_columns() {
  constexpr std::size_t usual = 80;
  std::size_t columns = 0;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here changes the environment.
  const char* const named = std::getenv("COLUMNS");
  if (named != nullptr) {
    const std::string_view text(named);
    std::from_chars(text.data(), text.data() + text.size(), columns);
  }
  if (columns == 0) columns = terminal_width(STDOUT_FILENO);
  return columns == 0 ? usual : std::clamp(columns, narrowest, widest);
}

}  // namespace cachekit::cli
