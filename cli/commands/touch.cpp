#include "commands/commands.hpp"
#include "failure.hpp"
#include "option_types.hpp"
#include "output/json.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>

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
  return touched ? ExitCode::done : context.report_not_found();
}

}  // namespace

CommandSpec touch_command() {
  const auto options = std::make_shared<TouchOptions>();
  ArgumentSpec ttl = ttl_argument(options->ttl, "The new TTL; none for no expiry");
  ttl.required = true;
  return {
      .name = "touch",
      .help = "Give a key a new TTL",
      .arguments =
          {{.name = "KEY", .help = "The key", .required = true, .into = text(options->key)},
           std::move(ttl)},
      .examples = {{"cachekit touch session:7 --ttl 30m", "Half an hour from now"}},
      .run = [options](Context& context) { return run_touch(context, *options); },
      .prints = Prints::only_json,
  };
}

}  // namespace cachekit::cli
