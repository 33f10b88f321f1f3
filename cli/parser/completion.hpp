#pragma once

#include "parser/command_spec.hpp"

#include <string>

namespace cachekit::cli {

/// A script that makes the shell complete the command line of `root`.
[[nodiscard]] std::string bash_completion(const CommandSpec& root);
[[nodiscard]] std::string zsh_completion(const CommandSpec& root);
[[nodiscard]] std::string fish_completion(const CommandSpec& root);

}  // namespace cachekit::cli
