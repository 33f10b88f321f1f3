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

CommandSpec incr_command() {
  const auto options = std::make_shared<IncrOptions>();
  return {
      .name = "incr",
      .help = "Add to a counter and print the sum",
      .arguments = {{.name = "KEY",
                     .help = "The counter; a missing one counts from 0",
                     .required = true,
                     .into = text(options->key)},
                    {.name = "BY",
                     .type = "NUMBER",
                     .default_text = "1",
                     .help = "How much; a negative one stands behind --",
                     .into = parsed(options->by, parse_integer)}},
      .notes =
          "Counters are whole numbers of 64 signed bits. What is none, or would become larger, is "
          "refused and left as it is. Memcached's have no sign: what would go below 0 stops at 0, "
          "and 0 is printed.",
      .examples = {{"cachekit incr visits", "One more"},
                   {"cachekit incr visits -- -5", "Five less"}},
      .run = [options](Context& context) { return run_incr(context, *options); },
  };
}

}  // namespace cachekit::cli
