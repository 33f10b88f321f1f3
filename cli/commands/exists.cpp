#include "commands/commands.hpp"
#include "output/json.hpp"

#include <memory>
#include <string>
#include <vector>

namespace cachekit::cli {
namespace {

ExitCode run_exists(Context& context, const std::vector<std::string>& keys) {
  CacheBackend& backend = context.backend(Access::read);
  std::vector<operation::Exists> looks;
  looks.reserve(keys.size());
  for (const std::string& key : keys) looks.push_back({key});
  const std::vector<Result<bool>> outcomes = backend.run_many<operation::Exists>(looks);
  std::size_t found = 0;
  ExitCode failed = ExitCode::done;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::string& key = keys[i];
    const Result<bool>& exists = outcomes[i];
    if (!exists) {
      context.report("exists " + key, exists.error());
      failed = worse(failed, exit_code_of(exists.error()));
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
  return worse(failed, found == keys.size() ? ExitCode::done : context.report_not_found());
}

}  // namespace

CommandSpec exists_command() {
  const auto keys = std::make_shared<std::vector<std::string>>();
  return {
      .name = "exists",
      .help = "Print how many of the keys exist; exit 1 if any does not",
      .arguments = {{.name = "KEY",
                     .takes = Takes::many,
                     .help = "Keys to look for",
                     .required = true,
                     .into = texts(*keys)}},
      .examples = {{"cachekit exists user:1 user:2", "2 when both are there"}},
      .run = [keys](Context& context) { return run_exists(context, *keys); },
  };
}

}  // namespace cachekit::cli
