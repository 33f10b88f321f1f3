#include "commands/commands.hpp"
#include "failure.hpp"
#include "option_types.hpp"
#include "output/json.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace cachekit::cli {
namespace {

struct IncrOptions {
  std::string key;
  std::int64_t by = 1;
};

ExitCode run_incr(Context& context, const IncrOptions& options) {
  CacheBackend& backend = context.backend(Access::write);
  const std::int64_t value =
      value_or_fail("incr " + options.key, backend.increment(options.key, options.by));
  context.flush_backend();
  if (context.options.json) {
    Json line;
    put_bytes(line, "key", options.key);
    line["value"] = value;
    context.out.line(dump(line));
  } else {
    context.out.line(std::to_string(value));
  }
  return ExitCode::done;
}

}  // namespace

void add_incr(Commands& commands) {
  CLI::App& command = commands.add("incr", "Add to a counter and print the sum");
  const auto options = std::make_shared<IncrOptions>();
  command.add_option("KEY", options->key, "The counter; a missing one counts from 0")->required();
  add_parsed(command, "BY", options->by, parse_integer, "How much, 1 if left out; may be negative")
      ->type_name("NUMBER");
  commands.on(command, [options](Context& context) { return run_incr(context, *options); });
}

}  // namespace cachekit::cli
