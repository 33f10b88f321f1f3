#include "output/shell_word.hpp"
#include "parser/completion.hpp"
#include "parser/completion_parts.hpp"
#include "parser/help.hpp"

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

// Brackets and colons end parts of what _arguments reads.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string function_name(const CommandPath& path) {
  std::string name;
  for (const CommandSpec* command : path) name.append("_").append(command->name);
  return name;
}

// ":URL:" and what completes it.
std::string value_of(const ArgumentSpec& argument) {
  const std::string type = escaped(argument.type.empty() ? argument.name : argument.type);
  if (is_file(argument)) return fmt::format(":{}:_files", type);
  std::vector<std::string> words;
  for (const std::string_view word : candidates_of(argument)) words.emplace_back(escaped(word));
  return words.empty() ? fmt::format(":{}: ", type)
                       : fmt::format(":{}:({})", type, joined(words, " "));
}

std::vector<std::string> argument_rules(const ArgumentSpec& argument) {
  if (!argument.is_option()) {
    return {single_quoted((argument.takes == Takes::many ? "*" : "") + value_of(argument))};
  }
  std::string rest = fmt::format("[{}]", escaped(explanation_of(argument)));
  if (argument.takes == Takes::optional) rest += ":";
  if (argument.takes != Takes::nothing) rest += value_of(argument);
  const std::string again = argument.takes == Takes::many ? "*" : "";
  if (argument.letter == '\0')
    return {single_quoted(fmt::format("{}{}{}", again, argument.name, rest))};
  // One rule a spelling, where the one excludes the other.
  const std::string exclusion =
      again.empty() ? fmt::format("(-{} {})", argument.letter, argument.name) : again;
  return {single_quoted(fmt::format("{}-{}{}", exclusion, argument.letter, rest)),
          single_quoted(fmt::format("{}{}{}", exclusion, argument.name, rest))};
}

std::string rules_of(const CommandSpec& command) {
  std::string out;
  for (const ArgumentSpec& argument : command.arguments) {
    for (const std::string& rule : argument_rules(argument)) out += fmt::format("    {}\n", rule);
  }
  return out;
}

// The root's options stand behind every command; zsh's functions see the variables of their caller.
std::string globals(const CommandSpec& root) {
  return fmt::format(
      "  local -a globals\n"
      "  globals=(\n{}    '--help[Explain the command]'\n  )\n",
      rules_of(root));
}

// A command with commands below it: the first word says which one goes on.
std::string branch(const CommandPath& path) {
  std::string descriptions;
  std::string cases;
  for (const CommandSpec& inner : path.back()->commands) {
    descriptions += fmt::format(
        "    {}\n", single_quoted(fmt::format("{}:{}", inner.name, escaped(inner.help))));
    CommandPath below = path;
    below.push_back(&inner);
    cases += fmt::format("        {}) {} ;;\n", inner.name, function_name(below));
  }
  return fmt::format(
      "{0}() {{\n"
      "{4}"
      "  local -a commands rules\n"
      "  local state line\n"
      "  commands=(\n{1}  )\n"
      "  rules=(\n{2}  )\n"
      "  _arguments -S -C $globals $rules '1: :->command' '*:: :->rest' && return\n"
      "  case $state in\n"
      "    command) _describe command commands ;;\n"
      "    rest)\n"
      "      case $line[1] in\n{3}"
      "      esac ;;\n"
      "  esac\n"
      "}}\n",
      function_name(path), descriptions, path.size() == 1 ? "" : rules_of(*path.back()), cases,
      path.size() == 1 ? globals(*path.back()) : "");
}

std::string leaf(const CommandPath& path) {
  return fmt::format(
      "{}() {{\n"
      "  local -a rules\n"
      "  rules=(\n{}  )\n"
      "  _arguments -S $globals $rules\n"
      "}}\n",
      function_name(path), rules_of(*path.back()));
}

}  // namespace

std::string zsh_completion(const CommandSpec& given) {
  const CommandSpec root = with_help_topics(given);
  std::string functions;
  each_command(root, [&](const CommandPath& path) {
    functions += path.back()->commands.empty() ? leaf(path) : branch(path);
  });
  return fmt::format(
      "#compdef {0}\n"
      "# zsh completion for {0}: {0} completion zsh > \"${{fpath[1]}}/_{0}\"\n"
      "{1}"
      "_{0} \"$@\"\n",
      root.name, functions);
}

}  // namespace cachekit::cli
