#include "commands/commands.hpp"

#include <memory>
#include <string>

namespace cachekit::cli {

void add_help(Commands& commands) {
  CLI::App& command = commands.add("help", "Explain a command");
  const auto name = std::make_shared<std::string>();
  command.add_option("COMMAND", *name, "Which one; all of them if left out");
  commands.on(command, [&commands, name](Context& context) {
    context.out.write(commands.help_of(*name));
    return ExitCode::done;
  });
}

}  // namespace cachekit::cli
