#pragma once

#include "parser/command_spec.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::cli {

using CommandPath = std::vector<const CommandSpec*>;

/// Calls `visit` with the path to every command, the root's first.
void each_command(const CommandSpec& root, const std::function<void(const CommandPath&)>& visit);

/// The same command line, where `help` has each command below it instead of an argument.
[[nodiscard]] CommandSpec with_help_topics(CommandSpec root);

/// What a value may be completed to: the choices, or else what is suggested.
[[nodiscard]] const std::vector<std::string_view>& candidates_of(const ArgumentSpec& argument);
/// The same with spaces between them.
[[nodiscard]] std::string candidate_words(const ArgumentSpec& argument);
[[nodiscard]] bool is_file(const ArgumentSpec& argument);

/// The words with `separator` between them.
[[nodiscard]] std::string joined(const std::vector<std::string>& words, std::string_view separator);

}  // namespace cachekit::cli
