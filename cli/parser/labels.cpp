#include "parser/help.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace cachekit::cli {

std::string full_name(const std::vector<const CommandSpec*>& path) {
  std::string name;
  for (const CommandSpec* command : path) {
    name.append(name.empty() ? "" : " ").append(command->name);
  }
  return name;
}

std::string usage_of(const CommandSpec& command) {
  std::string usage;
  if (std::ranges::any_of(command.arguments, &ArgumentSpec::is_option)) usage += " [OPTIONS]";
  for (const ArgumentSpec& argument : command.arguments) {
    if (argument.is_option()) continue;
    const std::string label = label_of(argument);
    usage += argument.required ? " " + label : " [" + label + "]";
  }
  if (!command.commands.empty()) usage += " COMMAND";
  return usage.empty() ? usage : usage.substr(1);
}

std::string label_of(const ArgumentSpec& argument) {
  std::string label(argument.name);
  if (argument.letter != '\0') label = fmt::format("-{}, {}", argument.letter, label);
  if (!argument.is_option()) return argument.takes == Takes::many ? label + "..." : label;
  if (argument.takes == Takes::nothing) return label;
  if (argument.takes == Takes::optional) return fmt::format("{} [{}]", label, argument.type);
  return fmt::format("{} {}", label, argument.type);
}

std::string explanation_of(const ArgumentSpec& argument) {
  if (argument.default_text.empty()) return std::string(argument.help);
  return fmt::format("{} (default: {})", argument.help, argument.default_text);
}

std::string_view group_of(const ArgumentSpec& argument) {
  if (!argument.is_option()) return "Arguments";
  return argument.group.empty() ? "Options" : argument.group;
}

std::vector<std::string_view> groups_of(const CommandSpec& command) {
  std::vector<std::string_view> groups;
  for (const ArgumentSpec& argument : command.arguments) {
    if (std::ranges::find(groups, group_of(argument)) == groups.end()) {
      groups.push_back(group_of(argument));
    }
  }
  return groups;
}

}  // namespace cachekit::cli
