#include "commands/commands.hpp"
#include "failure.hpp"
#include "output/json.hpp"

#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

ExitCode run_ttl(Context& context, const std::string& key) {
  CacheBackend& backend = context.backend(Access::read);
  const std::optional<Ttl> ttl = value_or_fail("ttl " + key, backend.ttl(key));
  if (context.options.json) {
    Json line;
    put_bytes(line, "key", key);
    line["found"] = ttl.has_value();
    line["ttl_ms"] = ttl && ttl->expires() ? Json(ttl->duration().count()) : Json();
    context.out.line(dump(line));
  } else if (ttl) {
    context.out.line(to_string(*ttl));
  } else {
    context.note(fmt::format("cachekit: ttl: {}: not found", key));
  }
  if (ttl == Ttl(Ttl::max)) {
    context.note("cachekit: ttl: " + to_string(*ttl) +
                 " is the longest that is told; it may be more");
  }
  return ttl ? ExitCode::done : context.report_not_found();
}

}  // namespace

CommandSpec ttl_command() {
  const auto key = std::make_shared<std::string>();
  return {
      .name = "ttl",
      .help = "Print what is left of a key's TTL, or 'none' for no expiry",
      .arguments = {{.name = "KEY", .help = "The key", .required = true, .into = text(*key)}},
      .examples = {{"cachekit ttl session:7", "29m58s"}},
      .run = [key](Context& context) { return run_ttl(context, *key); },
  };
}

}  // namespace cachekit::cli
