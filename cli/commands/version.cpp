#include "commands/commands.hpp"
#include "output/json.hpp"

#include <cachekit/version.hpp>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

ExitCode run_version(Context& context) {
  context.out.line(context.options.json ? dump({{"version", version()}})
                                        : fmt::format("cachekit {}", version()));
  return ExitCode::done;
}

}  // namespace

CommandSpec version_command() {
  return {.name = "version", .help = "Print the version", .run = run_version};
}

}  // namespace cachekit::cli
