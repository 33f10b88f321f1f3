#include "parser/completion_parts.hpp"
#include "parser/help.hpp"
#include "parser/reference.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

// Text of ours as roff prints it: a hyphen that can be copied, no request by accident.
std::string roff(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  return out.starts_with('.') || out.starts_with('\'') ? "\\&" + out : out;
}

std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::toupper(c); });
  return out;
}

std::string term(std::string_view name, std::string_view says) {
  return fmt::format(".TP\n.B {}\n{}\n", roff(name), roff(says));
}

std::string paragraphs(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find("\n\n"), text.size());
    out += fmt::format(".PP\n{}\n", roff(text.substr(0, end)));
    text.remove_prefix(std::min(end + 2, text.size()));
  }
  return out;
}

std::string arguments_of(const CommandSpec& command) {
  std::string out;
  for (const ArgumentSpec& argument : command.arguments) {
    out += term(label_of(argument), explanation_of(argument));
  }
  return out;
}

std::string examples_of(const CommandSpec& command) {
  std::string out;
  for (const Example& example : command.examples) {
    out += fmt::format(".PP\n{}\n.RS 4\n.nf\n{}\n.fi\n.RE\n",
                       roff(example.says.empty() ? "Example:" : example.says), roff(example.line));
  }
  return out;
}

std::string commands_of(const CommandSpec& root) {
  std::string out;
  each_command(root, [&](const CommandPath& path) {
    const CommandSpec& command = *path.back();
    if (path.size() == 1) return;
    out += fmt::format(".SS \"{} {}\"\n{}\n", roff(full_name(path)), roff(usage_of(command)),
                       roff(command.help));
    out += arguments_of(command) + paragraphs(command.notes) + examples_of(command);
  });
  return out;
}

std::string terms_of(const std::vector<Term>& terms) {
  std::string out;
  for (const Term& row : terms) out += term(row.name, row.says);
  return out;
}

}  // namespace

std::string man_page(const CommandSpec& root, const ReferenceFacts& facts) {
  std::string units;
  for (const Notation& notation : notations) units += term(notation.type, notation.example);
  return fmt::format(
      ".TH {} 1 \"\" \"{} {}\" \"User Commands\"\n"
      ".SH NAME\n{} \\- {}\n"
      ".SH SYNOPSIS\n.B {}\n{}\n"
      ".SH OPTIONS\nThey stand before or behind the command.\n{}"
      ".SH COMMANDS\n{}"
      ".SH UNITS\n{}"
      ".SH \"EXIT STATUS\"\n{}"
      ".SH ENVIRONMENT\n{}",
      upper(root.name), root.name, facts.version, root.name, roff(root.help), root.name,
      roff(usage_of(root) + " [ARGUMENTS]"), arguments_of(root), commands_of(root), units,
      terms_of(facts.exit_codes), terms_of(facts.environment));
}

}  // namespace cachekit::cli
