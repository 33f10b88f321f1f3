#include "commands/commands.hpp"
#include "failure.hpp"
#include "output/json.hpp"

#include <memory>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

ExitCode run_clear(Context& context, bool yes) {
  CacheBackend& backend = context.unconnected_backend(Access::discard);
  if (!context.confirmed(yes, fmt::format("Clearing everything in {}", backend.target()))) {
    return ExitCode::no;
  }
  value_or_fail("clear", context.backend(Access::discard).clear());
  context.flush_backend();
  if (context.options.json) {
    context.out.line(dump({{"cleared", backend.target()}}));
  } else {
    context.note(fmt::format("cleared {}", backend.target()));
  }
  return ExitCode::done;
}

}  // namespace

CommandSpec clear_command() {
  const auto yes = std::make_shared<bool>(false);
  return {
      .name = "clear",
      .help = "Delete everything in the target",
      .arguments = {{.name = "--yes",
                     .takes = Takes::nothing,
                     .help = "Do not ask; needed where there is no terminal",
                     .into = switch_on(*yes)}},
      .examples = {{"cachekit -u memory:FILE clear --yes", "Empty a snapshot"}},
      .run = [yes](Context& context) { return run_clear(context, *yes); },
      .prints = Prints::only_json,
  };
}

}  // namespace cachekit::cli
