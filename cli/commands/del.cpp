#include "commands/commands.hpp"
#include "commands/matching_keys.hpp"
#include "failure.hpp"
#include "interrupt.hpp"
#include "option_types.hpp"
#include "output/json.hpp"
#include "transfer/rate_limiter.hpp"

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
  std::optional<std::string> pattern;
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
      failed = worse(failed, exit_code_of(outcomes[i].error()));
    }
  }
  context.out.line(context.options.json ? dump({{"deleted", deleted}}) : std::to_string(deleted));
  return worse(failed, deleted > 0 ? ExitCode::done : context.report_not_found());
}

void print_count(Context& context, const DelOptions& options, const Removal& removal) {
  const std::uint64_t count = removal.removed;
  if (!context.options.json) return context.out.line(std::to_string(count));
  Json line;
  put_bytes(line, "pattern", *options.pattern);
  line["dry_run"] = options.dry_run;
  line[options.dry_run ? "matched" : "deleted"] = count;
  if (!options.dry_run) line["unknown"] = removal.unknown;
  context.out.line(dump(line));
}

Error why_broken_off(const Removal& removal) {
  Error why = *removal.error;
  if (removal.unknown == 0) return why;
  why.message += fmt::format("; of {} keys it is not known", removal.unknown);
  why.hint = "run it again once the server answers: what is left is deleted then";
  return why;
}

void check_all_removed(const Removal& removal) {
  const std::uint64_t left = removal.left_out.count();
  if (left == 0 && removal.error) throw Failure("del --pattern", why_broken_off(removal));
  if (left == 0) return;
  const std::string& hint = removal.left_out.hint();
  const std::string also = removal.error ? "; " + why_broken_off(removal).describe() : "";
  throw Failure(
      "del --pattern",
      Error{
          Errc::rejected,
          fmt::format("could not delete {} key{}: {}{}", left, left == 1 ? "" : "s",
                      removal.left_out.text(), also),
          "",
          hint.empty() ? "delete them with the server's own tool, such as redis-cli UNLINK" : hint},
      removal.error ? exit_code_of(*removal.error) : ExitCode::refused);
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
                                                  *options.pattern, backend.target()))) {
    return ExitCode::no;
  }
  Removal removal;
  if (options.dry_run) {
    removal.removed = value_or_fail("del --pattern", count_matching(backend, *options.pattern));
  } else {
    removal = remove_matching(backend, *options.pattern, options.rate,
                              context.settings().operation_timeout);
    context.flush_backend();
  }
  print_count(context, options, removal);
  check_all_removed(removal);
  if (interrupted()) return ExitCode::interrupted;
  if (options.dry_run) context.require_whole_snapshot();
  return removal.removed > 0 ? ExitCode::done : context.report_not_found();
}

ExitCode run_del(Context& context, const DelOptions& options) {
  if (options.pattern) return delete_matching(context, options);
  if (options.keys.empty()) {
    throw Failure("usage", Error{Errc::invalid_argument, "del needs a KEY or --pattern", "",
                                 "see 'cachekit del --help'"});
  }
  return delete_keys(context, options);
}

}  // namespace

CommandSpec del_command() {
  const auto options = std::make_shared<DelOptions>();
  return {
      .name = "del",
      .help = "Delete keys, print how many there were",
      .arguments = {{.name = "KEY",
                     .takes = Takes::many,
                     .help = "Keys to delete",
                     .into = texts(options->keys)},
                    {.name = "--pattern",
                     .type = "GLOB",
                     .help = "Delete what matches a glob instead",
                     .excludes = {"KEY"},
                     .into = text(options->pattern)},
                    {.name = "--dry-run",
                     .takes = Takes::nothing,
                     .help = "Count what matches, delete nothing",
                     .needs = {"--pattern"},
                     .into = switch_on(options->dry_run)},
                    {.name = "--rate",
                     .type = "N/s",
                     .unit = Unit::rate,
                     .help = "At most so many keys a second",
                     .needs = {"--pattern"},
                     .into = parsed(options->rate, parse_rate)},
                    {.name = "--yes",
                     .takes = Takes::nothing,
                     .help = "Do not ask",
                     .into = switch_on(options->yes)}},
      .examples = {{"cachekit del user:1 user:2", "By name"},
                   {"cachekit del --pattern 'user:*' --dry-run", "How many would go"},
                   {"cachekit del --pattern 'user:*' --rate 1000/s --yes", "Gently"}},
      .run = [options](Context& context) { return run_del(context, *options); },
  };
}

}  // namespace cachekit::cli
