#include "parser/help.hpp"

#include "parser/wrap.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

constexpr std::size_t two_columns_from = 64;  // Narrower, an explanation stands below its label.
constexpr std::size_t widest_label = 24;

struct HelpRow {
  std::string label;
  std::string explanation;
};

// Labels with a letter in front stand in line with those without.
std::string aligned_label(const ArgumentSpec& argument) {
  const bool shifted = argument.is_option() && argument.letter == '\0';
  return (shifted ? "    " : "") + label_of(argument);
}

std::string rows_text(const std::vector<HelpRow>& rows, std::size_t columns) {
  std::size_t width = 0;
  for (const HelpRow& row : rows) {
    if (row.label.size() <= widest_label) width = std::max(width, row.label.size());
  }
  const bool narrow = columns < two_columns_from;
  const std::size_t indent = narrow ? 6 : width + 4;
  std::string out;
  for (const HelpRow& row : rows) {
    const std::string explanation = wrapped(row.explanation, indent, columns);
    const std::string label = "  " + row.label;
    if (narrow || label.size() + 2 > indent) {
      out.append(label).append("\n").append(explanation);
    } else {
      out.append(label).append(explanation, label.size());
    }
  }
  return out;
}

std::string section(std::string_view heading, const std::vector<HelpRow>& rows,
                    std::size_t columns) {
  return rows.empty() ? "" : fmt::format("\n{}:\n{}", heading, rows_text(rows, columns));
}

std::string arguments_text(const CommandSpec& command, std::size_t columns) {
  std::string out;
  for (const std::string_view group : groups_of(command)) {
    std::vector<HelpRow> rows;
    for (const ArgumentSpec& argument : command.arguments) {
      if (group_of(argument) != group) continue;
      rows.push_back({aligned_label(argument), explanation_of(argument)});
    }
    out += section(group, rows, columns);
  }
  return out;
}

std::string commands_text(const CommandSpec& command, std::size_t columns) {
  std::vector<HelpRow> rows;
  for (const CommandSpec& inner : command.commands) {
    rows.push_back({std::string(inner.name), std::string(inner.help)});
  }
  return section("Commands", rows, columns);
}

std::string units_text(const CommandSpec& command, std::size_t columns) {
  std::vector<HelpRow> rows;
  for (const Notation& notation : notations) {
    const auto same = [&](const ArgumentSpec& argument) { return argument.unit == notation.unit; };
    if (std::ranges::any_of(command.arguments, same)) {
      rows.push_back({std::string(notation.type), std::string(notation.example)});
    }
  }
  return section("Units", rows, columns);
}

std::string examples_text(const CommandSpec& command, std::size_t columns) {
  std::string out;
  for (const Example& example : command.examples) {
    out += wrapped_command(example.line, 2, columns);
    if (!example.says.empty()) out += wrapped(example.says, 6, columns);
  }
  return out.empty() ? out : "\nExamples:\n" + out;
}

}  // namespace

std::string help_text(const std::vector<const CommandSpec*>& path, std::size_t columns) {
  const CommandSpec& command = *path.back();
  std::string out = wrapped(command.help, 0, columns) + "\n";
  out += wrapped(fmt::format("Usage: {} {}", full_name(path), usage_of(command)), 0, columns);
  out += commands_text(command, columns) + arguments_text(command, columns);
  out += units_text(command, columns) + examples_text(command, columns);
  if (!command.notes.empty()) out += "\n" + wrapped(command.notes, 0, columns);
  const bool root = path.size() == 1;
  out += "\n" + wrapped(root ? "'cachekit help COMMAND' explains a command; 'cachekit --version' "
                               "prints the version."
                             : "Global options, such as --url and --json, stand before or behind "
                               "the command: see 'cachekit --help'.",
                        0, columns);
  return out;
}

}  // namespace cachekit::cli
