#include "commands/commands.hpp"
#include "failure.hpp"
#include "interrupt.hpp"
#include "output/stats_output.hpp"

#include <cachekit/runtime.hpp>
#include <cachekit/units.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cachekit::cli {
namespace {

struct StatsOptions {
  std::string format;
  bool raw = false;
  std::optional<std::chrono::milliseconds> interval;  ///< Of --watch.
};

Result<std::chrono::milliseconds> parse_interval(std::string_view text) {
  return parse_duration(text).and_then(
      [](std::chrono::milliseconds interval) -> Result<std::chrono::milliseconds> {
        if (interval <= interval.zero()) {
          return fail(Errc::invalid_argument, "needs more than zero, such as 2s");
        }
        return interval;
      });
}

ExitCode show_once(Context& context, CacheBackend& backend, const StatsOptions& options) {
  const StatsReport report = backend.stats();
  ExitCode code = ExitCode::done;
  for (const NodeStats& node : report.nodes) {
    if (!node.error) continue;
    context.report("stats", *node.error);
    code = worse(code, exit_code_of(*node.error));
  }
  const std::string format = !options.format.empty() ? options.format
                             : context.options.json  ? "json"
                                                     : "table";
  context.out.write(format == "json"         ? stats_json(backend, report, options.raw)
                    : format == "prometheus" ? stats_prometheus(backend, report)
                    : options.raw            ? stats_raw(report)
                                             : stats_table(report, context.options.verbose));
  context.out.flush();
  return code;
}

ExitCode run_stats(Context& context, const StatsOptions& options) {
  if (options.interval && options.format == "prometheus") {
    throw Failure("usage", Error{Errc::invalid_argument,
                                 "--watch would print many pages, and Prometheus reads one", "",
                                 "leave --watch out and have it scraped again and again, or use "
                                 "--format json"});
  }
  CacheBackend& backend = context.unconnected_backend(Access::read);
  ExitCode code = show_once(context, backend, options);
  context.warn_of_snapshot(Access::read);
  while (options.interval && !interrupted()) {
    const Deadline next = Deadline::after(*options.interval);
    while (!next.expired() && !interrupted()) {
      Runtime::current().sleep_for(std::min(next.remaining(), std::chrono::milliseconds(50)));
    }
    if (interrupted()) break;
    if (context.out.has_controls()) context.out.control("\x1b[H\x1b[J");
    code = show_once(context, backend, options);
  }
  return options.interval && interrupted() ? ExitCode::interrupted : code;
}

}  // namespace

CommandSpec stats_command() {
  const auto options = std::make_shared<StatsOptions>();
  return {
      .name = "stats",
      .help = "Show the figures of every node in one vocabulary",
      .arguments = {{.name = "--format",
                     .type = "FORMAT",
                     .help = "table, json or prometheus (default: table; json under --json)",
                     .choices = {"table", "json", "prometheus"},
                     .into = text(options->format)},
                    {.name = "--watch",
                     .takes = Takes::optional,
                     .type = "DURATION",
                     .unit = Unit::duration,
                     .default_text = "2s",
                     .help = "Again and again, so often",
                     .into = parsed(options->interval, parse_interval)},
                    {.name = "--raw",
                     .takes = Takes::nothing,
                     .help = "The server's own names and values",
                     .into = switch_on(options->raw)}},
      .examples = {{"cachekit stats --watch 5s", "Every five seconds, until Ctrl-C"},
                   {"cachekit stats --format prometheus", "For a scraper"}},
      .run = [options](Context& context) { return run_stats(context, *options); },
  };
}

}  // namespace cachekit::cli
