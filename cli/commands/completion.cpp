#include "parser/completion.hpp"

#include "command_line.hpp"
#include "commands/commands.hpp"

#include <memory>
#include <string>

namespace cachekit::cli {
namespace {

ExitCode run_completion(Context& context, const std::string& shell) {
  GlobalOptions none;
  const CommandSpec root = command_line(none);
  context.out.write(shell == "bash"  ? bash_completion(root)
                    : shell == "zsh" ? zsh_completion(root)
                                     : fish_completion(root));
  return ExitCode::done;
}

}  // namespace

CommandSpec completion_command() {
  const auto shell = std::make_shared<std::string>();
  return {
      .name = "completion",
      .help = "Print a script that makes a shell complete the command line",
      .arguments = {{.name = "SHELL",
                     .help = "bash, zsh or fish",
                     .choices = {"bash", "zsh", "fish"},
                     .required = true,
                     .into = text(*shell)}},
      .examples = {{"source <(cachekit completion bash)", "For this bash"},
                   {"cachekit completion fish | source", "For this fish"}},
      .run = [shell](Context& context) { return run_completion(context, *shell); },
  };
}

}  // namespace cachekit::cli
