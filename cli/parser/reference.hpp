#pragma once

#include "parser/command_spec.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace cachekit::cli {

/// What the reference says besides the commands: a table of terms.
struct Term {
  std::string name{};
  std::string says{};
};

struct ReferenceFacts {
  std::string version{};
  std::vector<Term> exit_codes{};
  std::vector<Term> environment{};
};

/// The manual page, section 1, in roff.
[[nodiscard]] std::string man_page(const CommandSpec& root, const ReferenceFacts& facts);

/// The same as a page of Markdown.
[[nodiscard]] std::string markdown_page(const CommandSpec& root, const ReferenceFacts& facts);

}  // namespace cachekit::cli
