#include "commands/commands.hpp"
#include "failure.hpp"
#include "option_types.hpp"
#include "output/json.hpp"

#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

struct TouchOptions {
  std::string key;
  std::optional<Ttl> ttl;
};

ExitCode run_touch(Context& context, const TouchOptions& options) {
  CacheBackend& backend = context.backend(Access::write);
  const bool touched =
      value_or_fail("touch " + options.key, backend.touch(options.key, *options.ttl));
  context.flush_backend();
  if (context.options.json) {
    Json line;
    put_bytes(line, "key", options.key);
    line["touched"] = touched;
    context.out.line(dump(line));
  } else if (!touched) {
    context.note(fmt::format("cachekit: touch: {}: not found", options.key));
  }
  return touched ? ExitCode::done : ExitCode::no;
}

}  // namespace

void add_touch(Commands& commands) {
  CLI::App& command = commands.add("touch", "Give a key a new TTL");
  const auto options = std::make_shared<TouchOptions>();
  command.add_option("KEY", options->key, "The key")->required();
  add_ttl(command, options->ttl, "The new TTL; none for no expiry")->required();
  commands.on(
      command, [options](Context& context) { return run_touch(context, *options); },
      Prints::only_json);
}

}  // namespace cachekit::cli
