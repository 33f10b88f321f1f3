#include "commands/commands.hpp"
#include "failure.hpp"
#include "interrupt.hpp"
#include "option_types.hpp"
#include "output/stats_output.hpp"

#include <cachekit/units.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>

namespace cachekit::cli {
namespace {

struct StatsOptions {
  std::string format;
  bool raw = false;
  bool watch = false;
  std::string interval = "2s";
};

ExitCode show_once(Context& context, CacheBackend& backend, const StatsOptions& options) {
  const StatsReport report = backend.stats();
  ExitCode code = ExitCode::done;
  for (const NodeStats& node : report.nodes) {
    if (!node.error) continue;
    context.report("stats", *node.error);
    code = worse(code, exit_code_of(node.error->code));
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
  const auto interval = value_or_fail("stats --watch", parse_duration(options.interval));
  if (interval <= interval.zero()) {
    throw Failure("usage", Error{Errc::invalid_argument, "--watch needs more than zero", "",
                                 "such as --watch 2s"});
  }
  CacheBackend& backend = context.unconnected_backend(Access::read);
  ExitCode code = show_once(context, backend, options);
  while (options.watch && !interrupted()) {
    const Deadline next = Deadline::after(interval);
    while (!next.expired() && !interrupted()) {
      std::this_thread::sleep_for(std::min(next.remaining(), std::chrono::milliseconds(50)));
    }
    if (interrupted()) break;
    if (context.out.is_terminal()) context.out.write("\x1b[H\x1b[J");
    code = show_once(context, backend, options);
  }
  return options.watch && interrupted() ? ExitCode::interrupted : code;
}

}  // namespace

void add_stats(Commands& commands) {
  CLI::App& command = commands.add("stats", "Show the figures of every node in one vocabulary");
  const auto options = std::make_shared<StatsOptions>();
  command.add_option("--format", options->format, "table, json or prometheus")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"table", "json", "prometheus"}));
  CLI::Option* watch =
      command.add_option("--watch", options->interval, "Again and again, every 2s");
  watch->type_name("DURATION")->expected(0, 1);
  command.add_flag("--raw", options->raw, "The server's own names and values");
  commands.on(command, [options, watch](Context& context) {
    options->watch = watch->count() > 0;
    return run_stats(context, *options);
  });
}

}  // namespace cachekit::cli
