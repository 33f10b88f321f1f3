#include "parser/completion.hpp"
#include "parser/completion_parts.hpp"

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

// fish knows \' and \\ between single quotes.
std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string names_of(const CommandSpec& command) {
  std::vector<std::string> names;
  for (const CommandSpec& inner : command.commands) names.emplace_back(inner.name);
  return joined(names, " ");
}

// When a command of the path is under way; nothing for the root, whose options stand anywhere. One
// word of those that a place takes is all that it takes.
std::string condition_of(const CommandPath& path, const ArgumentSpec& argument) {
  std::vector<std::string> parts;
  for (std::size_t i = 1; i < path.size(); ++i) {
    parts.push_back(fmt::format("__fish_seen_subcommand_from {}", path[i]->name));
  }
  const std::string words = candidate_words(argument);
  if (!argument.is_option() && !words.empty()) {
    parts.push_back(fmt::format("not __fish_seen_subcommand_from {}", words));
  }
  return parts.empty() ? "" : fmt::format(" -n {}", fish_quoted(joined(parts, "; and ")));
}

std::string command_lines(const CommandPath& path) {
  const CommandSpec& command = *path.back();
  std::string condition = "__fish_use_subcommand";
  if (path.size() > 1) {
    condition =
        fmt::format("__fish_seen_subcommand_from {}; and not __fish_seen_subcommand_from {}",
                    command.name, names_of(command));
  }
  std::string out;
  for (const CommandSpec& inner : command.commands) {
    out += fmt::format("complete -c {} -n {} -a {} -d {}\n", path.front()->name,
                       fish_quoted(condition), inner.name, fish_quoted(inner.help));
  }
  return out;
}

std::string value_part(const ArgumentSpec& argument) {
  if (is_file(argument)) return argument.is_option() ? " -r -F" : " -F";
  const std::string words = candidate_words(argument);
  std::string out;
  if (argument.is_option() && argument.takes != Takes::nothing) {
    out = argument.takes == Takes::optional ? " -f" : " -x";
  }
  return words.empty() ? out : fmt::format("{} -a {}", out, fish_quoted(words));
}

std::string argument_line(const CommandPath& path, const ArgumentSpec& argument) {
  const std::string value = value_part(argument);
  std::string names;
  if (argument.is_option()) {
    names = fmt::format(" -l {}", argument.name.substr(2));
    if (argument.letter != '\0') names += fmt::format(" -s {}", argument.letter);
  } else if (value.empty()) {
    return "";  // Nothing to propose for a key.
  }
  return fmt::format("complete -c {}{}{}{} -d {}\n", path.front()->name,
                     condition_of(path, argument), names, value, fish_quoted(argument.help));
}

}  // namespace

std::string fish_completion(const CommandSpec& root) {
  std::string out = fmt::format(
      "# fish completion for {0}: {0} completion fish | source\n"
      "complete -c {0} -f\n"
      "complete -c {0} -l help -s h -d 'Explain the command'\n"
      "complete -c {0} -l version -d 'Print the version'\n",
      root.name);
  each_command(root, [&](const CommandPath& path) {
    out += command_lines(path);
    for (const ArgumentSpec& argument : path.back()->arguments) {
      out += argument_line(path, argument);
    }
  });
  return out;
}

}  // namespace cachekit::cli
