#pragma once

#include "data/warmer.hpp"

#include <cachekit/error.hpp>

#include <string>

namespace CLI {
class App;
}

namespace cachekit::cli {

/// The arguments of `warm`, as they were typed.
struct WarmArguments {
  std::string input{};
  std::string format{};
  FieldNames fields{};
  std::string ttl{};
  std::string jitter{};
  std::string rate{};
  std::string checkpoint{};
  std::optional<std::uint64_t> max_errors{};
  bool skip_existing = false;
};

/// Adds the options of `warm`. Lifetime: the arguments outlive the parsing.
void add_options(CLI::App& app, WarmArguments& arguments);

/// Errors: `invalid_argument`, naming the option.
[[nodiscard]] Result<WarmOptions> to_options(const WarmArguments& arguments);
/// As `--format` says, else by the file's extension.
[[nodiscard]] RecordFormat format_of(const WarmArguments& arguments);

}  // namespace cachekit::cli
