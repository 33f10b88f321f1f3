#include "commands/commands.hpp"
#include "failure.hpp"
#include "interrupt.hpp"
#include "option_types.hpp"
#include "output/json.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

namespace cachekit::cli {
namespace {

struct KeysOptions {
  std::string pattern = "*";
  std::uint64_t limit = 0;
};

void print_key(Context& context, std::string_view key) {
  if (!context.options.json) {
    context.out.data(key);
    return context.out.write("\n");
  }
  Json line;
  put_bytes(line, "key", key);
  context.out.line(dump(line));
}

ExitCode run_keys(Context& context, const KeysOptions& options) {
  CacheBackend& backend = context.backend(Access::read);
  // A scan may show a key twice; hashes of what was shown are enough to tell.
  std::unordered_set<std::size_t> shown;
  const auto visit = [&](std::string_view key) {
    if (shown.insert(std::hash<std::string_view>{}(key)).second) print_key(context, key);
    return !interrupted() && (options.limit == 0 || shown.size() < options.limit);
  };
  value_or_fail("keys", backend.scan({.pattern = options.pattern}, visit));
  if (interrupted()) return ExitCode::interrupted;
  context.require_whole_snapshot();
  return shown.empty() ? ExitCode::no : ExitCode::done;
}

}  // namespace

CommandSpec keys_command() {
  const auto options = std::make_shared<KeysOptions>();
  return {
      .name = "keys",
      .help = "List keys, one a line; exit 1 when there is none",
      .arguments = {{.name = "--pattern",
                     .type = "GLOB",
                     .help = "Only those that match",
                     .into = text(options->pattern)},
                    {.name = "--limit",
                     .type = "N",
                     .help = "Stop after so many",
                     .into = parsed(options->limit, parse_count)}},
      .examples = {{"cachekit keys --pattern 'user:*' --limit 10", "Ten of them"}},
      .run = [options](Context& context) { return run_keys(context, *options); },
  };
}

}  // namespace cachekit::cli
