#include "commands/commands.hpp"
#include "output/json.hpp"

#include <memory>
#include <string>
#include <vector>

namespace cachekit::cli {
namespace {

ExitCode run_exists(Context& context, const std::vector<std::string>& keys) {
  CacheBackend& backend = context.backend(Access::read);
  std::size_t found = 0;
  ExitCode failed = ExitCode::done;
  for (const std::string& key : keys) {
    const Result<bool> exists = backend.exists(key);
    if (!exists) {
      context.report("exists " + key, exists.error());
      failed = worse(failed, exit_code_of(exists.error().code));
      continue;
    }
    if (*exists) ++found;
    if (context.options.json) {
      Json line;
      put_bytes(line, "key", key);
      line["exists"] = *exists;
      context.out.line(dump(line));
    }
  }
  if (!context.options.json) context.out.line(std::to_string(found));
  return worse(failed, found == keys.size() ? ExitCode::done : ExitCode::no);
}

}  // namespace

void add_exists(Commands& commands) {
  CLI::App& command =
      commands.add("exists", "Print how many of the keys exist; exit 1 if any does not");
  const auto keys = std::make_shared<std::vector<std::string>>();
  command.add_option("KEY", *keys, "Keys to look for")->required();
  commands.on(command, [keys](Context& context) { return run_exists(context, *keys); });
}

}  // namespace cachekit::cli
