#pragma once

#include "parser/command_spec.hpp"

#include <cstdint>
#include <vector>

namespace cachekit::cli {

/// What a command line asks for.
struct Request {
  enum class Kind : std::uint8_t { run, help, version };
  Kind kind = Kind::run;
  /// From the root to the command that was named; the root alone where none was.
  std::vector<const CommandSpec*> path{};
};

/// Reads the command line into where the rows of `root` say. Options of the root may stand behind
/// the command too, as people type them.
/// Errors: `invalid_argument`, with the help to look at as the hint.
[[nodiscard]] Result<Request> parse(const CommandSpec& root, int argc, const char* const* argv);

}  // namespace cachekit::cli
