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
  if (!context.options.json) return context.out.line(key);
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
  return shown.empty() ? ExitCode::no : ExitCode::done;
}

}  // namespace

void add_keys(Commands& commands) {
  CLI::App& command = commands.add("keys", "List keys, one a line; exit 1 when there is none");
  const auto options = std::make_shared<KeysOptions>();
  command.add_option("--pattern", options->pattern, "Only those that match")->type_name("GLOB");
  add_parsed(command, "--limit", options->limit, parse_count, "Stop after so many")->type_name("N");
  commands.on(command, [options](Context& context) { return run_keys(context, *options); });
}

}  // namespace cachekit::cli
