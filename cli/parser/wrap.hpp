#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cachekit::cli {

/// Lines of at most `columns` characters, each behind `indent` spaces and with a newline at its
/// end; broken at spaces, a word that is longer stays whole. An empty line parts paragraphs.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t indent, std::size_t columns);

/// A shell's command line within `columns`, continued by a backslash; nothing is broken between
/// single quotes.
[[nodiscard]] std::string wrapped_command(std::string_view line, std::size_t indent,
                                          std::size_t columns);

/// How wide the terminal behind standard output is: $COLUMNS, unless that is no number
/// above 0, or what it says itself, else 80; at most 100, as longer lines are hard to read.
[[nodiscard]] std::size_t terminal_columns();

}  // namespace cachekit::cli
