#include "commands/commands.hpp"
#include "commands/matching_keys.hpp"
#include "data/rate_limiter.hpp"
#include "failure.hpp"
#include "interrupt.hpp"
#include "option_types.hpp"
#include "output/json.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

struct DelOptions {
  std::vector<std::string> keys;
  std::string pattern;
  bool dry_run = false;
  double rate = 0;
  bool yes = false;
};

ExitCode delete_keys(Context& context, const DelOptions& options) {
  CacheBackend& backend = context.backend(Access::write);
  const std::vector<std::string_view> keys(options.keys.begin(), options.keys.end());
  const auto outcomes = backend.remove_many(keys);
  context.flush_backend();
  std::size_t deleted = 0;
  ExitCode failed = ExitCode::done;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i]) {
      if (*outcomes[i]) ++deleted;
    } else {
      context.report("del " + options.keys[i], outcomes[i].error());
      failed = worse(failed, exit_code_of(outcomes[i].error().code));
    }
  }
  context.out.line(context.options.json ? dump({{"deleted", deleted}}) : std::to_string(deleted));
  return worse(failed, deleted > 0 ? ExitCode::done : ExitCode::no);
}

void print_count(Context& context, const DelOptions& options, std::uint64_t count) {
  if (!context.options.json) return context.out.line(std::to_string(count));
  Json line;
  put_bytes(line, "pattern", options.pattern);
  line["dry_run"] = options.dry_run;
  line[options.dry_run ? "matched" : "deleted"] = count;
  context.out.line(dump(line));
}

ExitCode delete_matching(Context& context, const DelOptions& options) {
  const Access access = options.dry_run ? Access::read : Access::write;
  CacheBackend& backend = context.backend(access);
  if (!backend.capabilities().remove_matching) {
    throw Failure("del --pattern",
                  Error{Errc::unsupported, fmt::format("{} cannot list its keys", backend.name()),
                        "", "name the keys, or see 'cachekit backends'"});
  }
  if (!options.dry_run &&
      !context.confirmed(options.yes, fmt::format("Deleting all keys that match '{}' in {}",
                                                  options.pattern, backend.target()))) {
    return ExitCode::no;
  }
  std::uint64_t count = 0;
  std::optional<Error> error;
  if (options.dry_run) {
    count = value_or_fail("del --pattern", count_matching(backend, options.pattern));
  } else {
    Removal removal = remove_matching(backend, options.pattern, options.rate);
    context.flush_backend();
    count = removal.removed;
    error = std::move(removal.error);
  }
  print_count(context, options, count);
  if (error) throw Failure("del --pattern", *std::move(error));
  if (interrupted()) return ExitCode::interrupted;
  return count > 0 ? ExitCode::done : ExitCode::no;
}

}  // namespace

void add_del(Commands& commands) {
  CLI::App& command = commands.add("del", "Delete keys, print how many there were");
  const auto options = std::make_shared<DelOptions>();
  CLI::Option* keys = command.add_option("KEY", options->keys, "Keys to delete");
  CLI::Option* pattern =
      command.add_option("--pattern", options->pattern, "Delete what matches a glob instead");
  pattern->type_name("GLOB")->excludes(keys);
  command.add_flag("--dry-run", options->dry_run, "Count what matches, delete nothing")
      ->needs(pattern);
  add_parsed(command, "--rate", options->rate, parse_rate, "At most so many keys a second")
      ->type_name("N/s")
      ->needs(pattern);
  command.add_flag("--yes", options->yes, "Do not ask");
  commands.on(command, [options, keys, pattern](Context& context) {
    if (keys->count() + pattern->count() == 0) {
      throw Failure("usage", Error{Errc::invalid_argument, "del needs a KEY or --pattern", "",
                                   "see 'cachekit del --help'"});
    }
    return pattern->count() > 0 ? delete_matching(context, *options)
                                : delete_keys(context, *options);
  });
}

}  // namespace cachekit::cli
