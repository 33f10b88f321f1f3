#include "parser/completion_parts.hpp"
#include "parser/help.hpp"
#include "parser/reference.hpp"

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

// In a cell of a table, where a bar would end it and a less-than sign begin a tag.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|' || c == '<' || c == '*' || c == '_') out += '\\';
    out += c;
  }
  return out;
}

std::string code(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return fmt::format("`{}`", out);
}

std::string argument_table(const CommandSpec& command) {
  if (command.arguments.empty()) return "";
  std::string out = "\n| Argument | Meaning | Default |\n|---|---|---|\n";
  for (const ArgumentSpec& argument : command.arguments) {
    const std::string standard = argument.default_text.empty() ? "" : code(argument.default_text);
    out +=
        fmt::format("| {} | {} | {} |\n", code(label_of(argument)), cell(argument.help), standard);
  }
  return out;
}

std::string examples_section(const CommandSpec& command) {
  std::string out;
  for (const Example& example : command.examples) {
    out += fmt::format("\n{}:\n\n    {}\n", example.says.empty() ? "Example" : example.says,
                       example.line);
  }
  return out;
}

std::string command_text(const CommandPath& path) {
  const CommandSpec& command = *path.back();
  std::string out =
      fmt::format("\n{} {}\n\n{}\n\n    {} {}\n", path.size() > 2 ? "####" : "###", full_name(path),
                  cell(command.help), full_name(path), usage_of(command));
  while (out.ends_with(" \n")) out.replace(out.size() - 2, 2, "\n");
  out += argument_table(command);
  if (!command.notes.empty()) out += fmt::format("\n{}\n", cell(command.notes));
  return out + examples_section(command);
}

std::string terms_table(std::string_view heading, const std::vector<Term>& terms) {
  std::string out = fmt::format("\n| {} | Meaning |\n|---|---|\n", heading);
  for (const Term& row : terms) out += fmt::format("| {} | {} |\n", code(row.name), cell(row.says));
  return out;
}

}  // namespace

std::string markdown_page(const CommandSpec& root, const ReferenceFacts& facts) {
  std::string out = fmt::format(
      "# The command `{}`\n\n"
      "<!-- Made by `{} help --markdown`; a test compares the two. -->\n\n"
      "{}\n\n    {} {} [ARGUMENTS]\n\n"
      "Options of the whole command stand before or behind the name of a command.\n",
      root.name, root.name, root.help, root.name, usage_of(root));
  out += argument_table(root);
  out += "\nNumbers with a unit:\n\n| Type | Written as |\n|---|---|\n";
  for (const Notation& notation : notations) {
    out += fmt::format("| {} | {} |\n", code(notation.type), notation.example);
  }
  out += "\n## Commands\n";
  each_command(root, [&](const CommandPath& path) {
    if (path.size() > 1) out += command_text(path);
  });
  out += "\n## Exit codes\n" + terms_table("Code", facts.exit_codes);
  out += "\n## Environment\n" + terms_table("Variable", facts.environment);
  return out;
}

}  // namespace cachekit::cli
