#include "commands/commands.hpp"
#include "endable.hpp"
#include "failure.hpp"
#include "interrupt.hpp"
#include "load/export/exporter.hpp"
#include "load/gate.hpp"
#include "load/options.hpp"
#include "load/runner.hpp"
#include "option_types.hpp"
#include "output/progress_bar.hpp"
#include "transfer/whole_number.hpp"

#include <cachekit/units.hpp>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

struct BenchArguments {
  BenchOptions options{};
  std::optional<Sweep> sweep{};
  std::vector<Gate> gates{};
  /// What was given that means nothing when a trace says what is asked for.
  std::vector<std::string> not_for_traces{};
};

// Remembers that the argument was given, which a trace has no use for.
ArgumentSpec unlike_traces(BenchArguments& arguments, ArgumentSpec spec) {
  spec.into = [&arguments, name = std::string(spec.name),
               into = std::move(spec.into)](std::string_view text) {
    arguments.not_for_traces.push_back(name);
    return into(text);
  };
  return spec;
}

std::vector<ArgumentSpec> length_arguments(BenchArguments& arguments) {
  constexpr std::string_view group = "How long";
  BenchOptions& options = arguments.options;
  return {
      unlike_traces(arguments, {.name = "--duration",
                                .type = "DURATION",
                                .unit = Unit::duration,
                                .default_text = "10s",
                                .help = "How long to measure",
                                .group = group,
                                .into = parsed(options.duration, parse_duration)}),
      unlike_traces(
          arguments,
          {.name = "--requests",
           .type = "N",
           .help = "How many requests to make, all callers together, instead of a duration",
           .group = group,
           .excludes = {"--duration"},
           .into = parsed(options.requests, parse_whole_number)}),
      unlike_traces(arguments, {.name = "--warmup",
                                .type = "DURATION",
                                .unit = Unit::duration,
                                .default_text = "1s",
                                .help = "How long to run before the measurement",
                                .group = group,
                                .into = parsed(options.warmup, parse_duration)}),
  };
}

std::vector<ArgumentSpec> load_arguments(BenchArguments& arguments) {
  constexpr std::string_view group = "Load";
  BenchOptions& options = arguments.options;
  return {
      {.name = "--threads",
       .type = "N",
       .default_text = "1",
       .help = "Blocking callers that share one backend object",
       .group = group,
       .into = parsed(options.threads, parse_whole_number)},
      unlike_traces(arguments, {.name = "--keys",
                                .type = "N",
                                .default_text = "100000",
                                .help = "How many keys there are",
                                .group = group,
                                .into = parsed(options.keys, parse_whole_number)}),
      {.name = "--value-size",
       .type = "SIZE",
       .default_text = "128",
       .help = "Bytes of a value, or a range such as 64-1024",
       .group = group,
       .into = parsed(options.value_size, parse_size_range)},
      unlike_traces(arguments, {.name = "--ratio",
                                .type = "G:S",
                                .default_text = "9:1",
                                .help = "Gets to sets",
                                .group = group,
                                .into = parsed(options.ratio, parse_ratio)}),
      {.name = "--distribution",
       .type = "NAME",
       .default_text = "uniform",
       .help =
           "Which keys are asked for: uniform, zipf:0.99, sequential, or trace:FILE, a file with "
           "one key a line, compressed or not, which is replayed once",
       .group = group,
       .suggestions = {"uniform", "zipf:0.99", "sequential", "trace:"},
       .into = parsed(options.distribution, parse_distribution)},
      {.name = "--seed",
       .type = "N",
       .default_text = "1",
       .help = "Of keys and sizes",
       .group = group,
       .into = parsed(options.seed, parse_whole_number)},
  };
}

std::vector<ArgumentSpec> backend_arguments(BenchArguments& arguments) {
  constexpr std::string_view group = "Backend";
  BenchOptions& options = arguments.options;
  return {
      {.name = "--pool-size",
       .type = "N",
       .help = "Most connections at once, to each server (default: the profile's)",
       .group = group,
       .into = parsed(options.pool_size, parse_whole_number)},
      {.name = "--capacity",
       .type = "SIZE|Nitems",
       .unit = Unit::size,
       .help = "Of the memory backend: a size, or a number of entries such as 1000items (default: "
               "the profile's)",
       .group = group,
       .into = parsed(options.capacity, parse_capacity)},
      {.name = "--policy",
       .type = "NAME",
       .help = "What the memory backend evicts by: adaptive, lru, fifo (default: the profile's)",
       .group = group,
       .suggestions = {"adaptive", "lru", "fifo"},
       .into = parsed(options.policy, parse_eviction_policy)},
  };
}

std::vector<ArgumentSpec> judgement_arguments(BenchArguments& arguments) {
  constexpr std::string_view group = "What comes out";
  return {
      {.name = "--verify",
       .takes = Takes::nothing,
       .help = "Stamp every value with its key and check every answer; a wrong one is exit code 7",
       .group = group,
       .into = switch_on(arguments.options.verify)},
      unlike_traces(arguments,
                    {.name = "--sweep",
                     .type = "NAME=A,B,C",
                     .help = "Run once for each value of pool-size, threads, keys or value-size",
                     .group = group,
                     .into = parsed(arguments.sweep, parse_sweep)}),
      {.name = "--fail-if",
       .takes = Takes::many,
       .type = "EXPR",
       .help = "Exit code 7 if this holds: get.p99>2ms, errors>0, total.hit_ratio<0.9; may be "
               "repeated",
       .group = group,
       .into = all_parsed(arguments.gates, parse_gate)},
  };
}

std::vector<ArgumentSpec> all_arguments(BenchArguments& arguments) {
  std::vector<ArgumentSpec> all = length_arguments(arguments);
  std::ranges::move(load_arguments(arguments), std::back_inserter(all));
  std::ranges::move(backend_arguments(arguments), std::back_inserter(all));
  std::ranges::move(judgement_arguments(arguments), std::back_inserter(all));
  return all;
}

// What --capacity and --policy ask of the memory backend.
void bound_memory(Settings& settings, const BenchOptions& options) {
  if (!options.capacity && !options.policy) return;
  if (facts_of(settings.backend).tier != Tier::in_process) {
    throw Failure("bench", Error{Errc::unsupported,
                                 "--capacity and --policy are for the memory backend alone", "",
                                 "a server's bounds are in its own configuration"});
  }
  if (options.policy) settings.memory.policy = *options.policy;
  if (!options.capacity) return;
  if (options.capacity->bytes) {
    settings.memory.capacity = *options.capacity->bytes;
  } else {  // Then bytes are no bound.
    settings.memory.capacity = gibibytes(64);
    settings.memory.max_entries = *options.capacity->items;
  }
}

// The profile's backend with the pool that the run asks for, and without a snapshot of the user's.
std::unique_ptr<CacheBackend> backend_for(Context& context, const BenchOptions& options) {
  Settings settings = context.settings();
  settings.memory.snapshot_file.clear();
  if (options.pool_size) {
    const std::string_view option = facts_of(settings.backend).pool_option;
    if (option.empty()) {
      throw Failure("bench",
                    Error{Errc::unsupported, "--pool-size: the memory backend has no connections",
                          "", "name a server with --url"});
    }
    const std::string size = std::to_string(*options.pool_size);
    value_or_fail("bench", set_option(settings, option, size, "--pool-size"));
    settings.memcached.min_connections =
        std::min(settings.memcached.min_connections, *options.pool_size);
  }
  bound_memory(settings, options);
  return value_or_fail("bench", make_backend(endable(std::move(settings))));
}

BenchSetting setting_of(Context& context, CacheBackend& backend) {
  BenchSetting setting;
  setting.backend = backend.name();
  setting.target = backend.target();
  setting.operation_timeout_ms =
      std::chrono::duration<double, std::milli>(context.settings().operation_timeout).count();
  const PingReport pings = backend.ping();
  if (!pings.nodes.empty()) setting.server_version = pings.nodes.front().version;
  return setting;
}

// What people must know besides the figures.
void print_findings(Context& context, const BenchReport& report,
                    const std::vector<GateVerdict>& verdicts) {
  for (const GateVerdict& verdict : verdicts) {
    if (verdict.failed && !context.options.json)
      context.note("cachekit: gate " + to_string(verdict));
  }
  if (report.wrong_answers.value_or(0) > 0) {
    context.note(fmt::format("cachekit: {} wrong answers", *report.wrong_answers));
  }
  const bool outlive = facts_of(context.settings().backend).tier != Tier::in_process;
  if (outlive && !report.leftover.empty()) {
    context.warn("keys were left behind, which expire by themselves: " + report.leftover);
  }
}

// The commonest failure says why, and what to do about it.
ExitCode report_failed(Context& context, const BenchReport& report) {
  const auto commonest = std::ranges::max_element(report.failures, {}, &FailureReport::count);
  Error why{Errc::unavailable, "nothing was asked in the time there was", "", ""};
  if (commonest != report.failures.end()) why = commonest->example;
  const bool out_of_memory = is_out_of_memory(why);
  if (out_of_memory && why.hint.empty()) why.hint = no_memory_hint;
  why.message = "no operation succeeded: " + why.message;
  context.report("bench", why);
  return out_of_memory ? ExitCode::refused : ExitCode::unreachable;
}

// Whoever reads JSON finds the gates that fell short in an error, as all that went wrong.
void report_gates(Context& context, const std::vector<GateVerdict>& verdicts) {
  std::string fell;
  for (const GateVerdict& verdict : verdicts) {
    if (verdict.failed) fell += (fell.empty() ? "gate " : "; gate ") + to_string(verdict);
  }
  if (fell.empty() || !context.options.json) return;
  context.report("bench", Error{Errc::rejected, fell, "",
                                "see the figures of the report, or loosen the gate (--fail-if)"});
}

ExitCode judge_run(Context& context, const BenchReport& report,
                   const std::vector<GateVerdict>& verdicts) {
  if (report.interrupted) return ExitCode::interrupted;
  if (report.count == report.errors) {
    return report_failed(context, report);
  }
  report_gates(context, verdicts);
  const bool failed = std::ranges::any_of(verdicts, &GateVerdict::failed);
  return failed || report.wrong_answers.value_or(0) > 0 ? ExitCode::gate : ExitCode::done;
}

std::unique_ptr<Exporter> exporter_for(const Context& context, const BenchArguments& arguments) {
  if (context.options.json) return json_exporter();
  return arguments.sweep ? sweep_table_exporter(*arguments.sweep) : text_exporter();
}

ExitCode run_once(Context& context, const BenchArguments& arguments, const BenchOptions& options,
                  Exporter& exporter) {
  const std::unique_ptr<CacheBackend> backend = backend_for(context, options);
  context.require_connected(*backend);
  ProgressBar bar(context.shows_progress());
  Result<BenchReport> report =
      run_bench(*backend, options, interrupted, [&](std::string_view phase, double part) {
        bar.show(part > 0 ? std::optional(part) : std::nullopt, phase);
      });
  bar.clear();
  if (!report) throw Failure("bench", std::move(report).error());

  std::vector<GateVerdict> verdicts;
  for (const Gate& gate : arguments.gates) verdicts.push_back(judge(gate, *report));
  const BenchSetting setting = setting_of(context, *backend);
  context.out.write(exporter.run({*report, options, setting, verdicts}));
  print_findings(context, *report, verdicts);
  return judge_run(context, *report, verdicts);
}

// One for each value of a sweep, all of them valid.
std::vector<BenchOptions> runs_of(const BenchArguments& arguments) {
  std::vector<BenchOptions> runs;
  if (!arguments.sweep) runs.push_back(arguments.options);
  const Sweep sweep = arguments.sweep.value_or(Sweep{});
  for (const std::uint64_t value : sweep.values) {
    runs.push_back(arguments.options);
    apply(runs.back(), sweep.name, value);
  }
  for (const BenchOptions& options : runs) value_or_fail("bench", validate(options));
  return runs;
}

// A trace says itself what is asked for, and how often.
void check_trace_options(const BenchArguments& arguments) {
  if (arguments.options.distribution.kind != Distribution::Kind::trace) return;
  if (arguments.not_for_traces.empty()) return;
  throw Failure("bench",
                Error{Errc::invalid_argument,
                      arguments.not_for_traces.front() + ": a trace is replayed once, as it is", "",
                      "leave the option out"});
}

ExitCode bench(Context& context, const BenchArguments& arguments) {
  check_trace_options(arguments);
  const std::unique_ptr<Exporter> exporter = exporter_for(context, arguments);
  ExitCode worst = ExitCode::done;
  for (const BenchOptions& options : runs_of(arguments)) {
    const ExitCode code = run_once(context, arguments, options, *exporter);
    if (code == ExitCode::interrupted) return code;
    worst = worse(worst, code);
  }
  context.out.write(exporter->end());
  return worst;
}

}  // namespace

CommandSpec bench_command() {
  const auto arguments = std::make_shared<BenchArguments>();
  return {
      .name = "bench",
      .help = "Measure throughput, latency and hit ratio",
      .arguments = all_arguments(*arguments),
      .notes =
          "The keys are cachekit-bench:RUN:NUMBER. They are filled before the measurement, which "
          "does not count, and removed after it; what a killed run leaves behind expires an hour "
          "after its planned end. A snapshot of the memory backend is neither read nor written.\n\n"
          "A trace is replayed in its order by one caller: a get, and a set where that missed.\n\n"
          "Throughput and latencies are those of operations that succeeded; what failed is counted "
          "as an error, and fails a run only where a gate says so.\n\n"
          "Gates: get. or set. with count, errors, throughput (operations a second), min, mean, "
          "p50, p90, p99, p999, max (microseconds, or with a unit); get. also with hits, misses, "
          "hit_ratio; total. with throughput, count, errors, wrong_answers, hit_ratio, seconds, "
          "cpu_seconds.",
      .examples =
          {{"cachekit -u memory: bench --duration 5s --threads 4", "The in-process engine"},
           {"cachekit -u memory: bench --distribution trace:keys.txt --capacity 1000items",
            "The hit ratio of a trace"},
           {"cachekit -u memory: bench --verify --fail-if 'errors>0' --fail-if 'get.p99>2ms'",
            "A gate for CI"}},
      .run = [arguments](Context& context) { return bench(context, *arguments); },
  };
}

}  // namespace cachekit::cli
