#include "commands/commands.hpp"
#include "output/json.hpp"

#include <cachekit/version.hpp>

#include <fmt/format.h>

namespace cachekit::cli {

void add_version(Commands& commands) {
  CLI::App& command = commands.add("version", "Print the version");
  commands.on(command, [](Context& context) {
    context.out.line(context.options.json ? dump({{"version", version()}})
                                          : fmt::format("cachekit {}", version()));
    return ExitCode::done;
  });
}

}  // namespace cachekit::cli
