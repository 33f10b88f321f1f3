#include "parser/help.hpp"

#include "command_line.hpp"
#include "commands/commands.hpp"
#include "failure.hpp"
#include "parser/reference.hpp"
#include "parser/wrap.hpp"
#include "reference_facts.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

struct HelpOptions {
  std::vector<std::string> names;
  bool man = false;
  bool markdown = false;
};

[[noreturn]] void refuse_name(const std::vector<const CommandSpec*>& path,
                              const std::string& name) {
  const CommandSpec& last = *path.back();
  std::string known = "cachekit help";
  for (std::size_t i = 1; i < path.size(); ++i) known += fmt::format(" {}", path[i]->name);
  Error error{Errc::invalid_argument, fmt::format("there is no command '{}'", name), "",
              fmt::format("'{}' lists them all", known)};
  if (last.commands.empty()) {
    error.message = fmt::format("'{}' has no subcommand '{}', nor any other", last.name, name);
    error.hint = fmt::format("'{}' explains it", known);
  }
  throw Failure("help", std::move(error));
}

std::vector<const CommandSpec*> path_to(const CommandSpec& root,
                                        const std::vector<std::string>& names) {
  std::vector<const CommandSpec*> path{&root};
  for (const std::string& name : names) {
    const auto& commands = path.back()->commands;
    const auto found = std::ranges::find(commands, name, &CommandSpec::name);
    if (found == commands.end()) refuse_name(path, name);
    path.push_back(&*found);
  }
  return path;
}

ExitCode run_help(Context& context, const HelpOptions& options) {
  GlobalOptions none;
  const CommandSpec root = command_line(none);
  const auto path = path_to(root, options.names);
  context.out.write(options.man        ? man_page(root, reference_facts())
                    : options.markdown ? markdown_page(root, reference_facts())
                                       : help_text(path, terminal_columns()));
  return ExitCode::done;
}

}  // namespace

CommandSpec help_command() {
  const auto options = std::make_shared<HelpOptions>();
  return {
      .name = "help",
      .help = "Explain a command",
      .arguments = {{.name = "COMMAND",
                     .takes = Takes::many,
                     .help = "Which one; all of them if left out",
                     .into = texts(options->names)},
                    {.name = "--man",
                     .takes = Takes::nothing,
                     .help = "The manual page, in roff",
                     .excludes = {"COMMAND"},
                     .into = switch_on(options->man)},
                    {.name = "--markdown",
                     .takes = Takes::nothing,
                     .help = "The same in Markdown",
                     .excludes = {"COMMAND", "--man"},
                     .into = switch_on(options->markdown)}},
      .examples = {{"cachekit help config show", "One command"},
                   {"cachekit help --man | man -l -", "All of it"}},
      .run = [options](Context& context) { return run_help(context, *options); },
  };
}

}  // namespace cachekit::cli
