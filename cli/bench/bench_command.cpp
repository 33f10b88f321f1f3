#include "bench/bench_json.hpp"
#include "bench/bench_options.hpp"
#include "bench/bench_runner.hpp"
#include "bench/bench_text.hpp"
#include "bench/gate.hpp"
#include "commands/commands.hpp"
#include "data/progress_bar.hpp"
#include "data/whole_number.hpp"
#include "failure.hpp"
#include "interrupt.hpp"
#include "option_types.hpp"

#include <cachekit/units.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

struct BenchArguments {
  BenchOptions options{};
  std::optional<Sweep> sweep{};
  std::vector<Gate> gates{};
  /// Options that mean nothing when a trace says what is asked for.
  std::vector<const CLI::Option*> not_for_traces{};
};

void add_load_options(CLI::App& app, BenchArguments& arguments) {
  BenchOptions& options = arguments.options;
  CLI::Option* duration = add_parsed(app, "--duration", options.duration, parse_duration,
                                     "How long to measure (default: 10s)");
  duration->type_name("DURATION");
  add_parsed(app, "--requests", options.requests, parse_whole_number,
             "How many requests to make, all callers together, instead of a duration")
      ->type_name("N")
      ->excludes(duration);
  add_parsed(app, "--threads", options.threads, parse_whole_number,
             "Blocking callers that share one backend object (default: 1)")
      ->type_name("N");
  add_parsed(app, "--keys", options.keys, parse_whole_number,
             "How many keys there are (default: 100000)")
      ->type_name("N");
  add_parsed(app, "--value-size", options.value_size, parse_size_range,
             "Bytes of a value, or a range such as 64-1024 (default: 128)")
      ->type_name("SIZE");
  add_parsed(app, "--ratio", options.ratio, parse_ratio, "Gets to sets (default: 9:1)")
      ->type_name("G:S");
  add_parsed(app, "--distribution", options.distribution, parse_distribution,
             "Which keys are asked for: uniform, zipf:0.99, sequential, or trace:FILE, a file with "
             "one key a line (.xz too), which is replayed once (default: uniform)")
      ->type_name("NAME");
  add_parsed(app, "--seed", options.seed, parse_whole_number, "Of keys and sizes (default: 1)")
      ->type_name("N");
  add_parsed(app, "--warmup", options.warmup, parse_duration,
             "How long to run before the measurement (default: 1s)")
      ->type_name("DURATION");
  for (const char* name : {"--duration", "--requests", "--keys", "--ratio", "--warmup"}) {
    arguments.not_for_traces.push_back(app.get_option(name));
  }
}

void add_options(CLI::App& app, BenchArguments& arguments) {
  add_load_options(app, arguments);
  add_parsed(app, "--pool-size", arguments.options.pool_size, parse_whole_number,
             "Most connections at once, to each server (default: the profile's)")
      ->type_name("N");
  add_parsed(
      app, "--capacity", arguments.options.capacity, parse_capacity,
      "Of the memory backend: a size, or a number of entries such as 1000items (default: the "
      "profile's)")
      ->type_name("SIZE|Nitems");
  add_parsed(app, "--policy", arguments.options.policy, parse_eviction_policy,
             "What the memory backend evicts by: adaptive, lru, fifo (default: the profile's)")
      ->type_name("NAME");
  app.add_flag("--verify", arguments.options.verify,
               "Stamp every value with its key and check every answer; a wrong one is exit code 7");
  add_parsed(app, "--sweep", arguments.sweep, parse_sweep,
             "Run once for each value of pool-size, threads, keys or value-size")
      ->type_name("NAME=A,B,C");
  arguments.not_for_traces.push_back(app.get_option("--sweep"));
  app.add_option_function<std::vector<std::string>>(
         "--fail-if",
         [&arguments](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) {
             Result<Gate> gate = parse_gate(text);
             if (!gate) throw CLI::ValidationError("--fail-if", gate.error().message);
             arguments.gates.push_back(*std::move(gate));
           }
         },
         "Exit code 7 if this holds: get.p99>2ms, errors>0, total.hit_ratio<0.9; may be repeated")
      ->type_name("EXPR")
      ->allow_extra_args(false);
  app.footer(
      "The keys are cachekit-bench:RUN:NUMBER. They are filled before the measurement, which does "
      "not\n"
      "count, and removed after it; what a killed run leaves behind expires an hour after its "
      "planned\n"
      "end. A snapshot of the memory backend is neither read nor written.\n"
      "A trace is replayed in its order by one caller: a get, and a set where that missed.\n"
      "Gates: get. or set. with count, errors, throughput (operations a second), min, mean, p50, "
      "p90,\n"
      "p99, p999, max (microseconds, or with a unit); get. also with hits, misses, hit_ratio; "
      "total.\n"
      "with throughput, count, errors, wrong_answers, hit_ratio, seconds, cpu_seconds.");
}

// What --capacity and --policy ask of the memory backend.
void bound_memory(Settings& settings, const BenchOptions& options) {
  if (!options.capacity && !options.policy) return;
  if (settings.backend != BackendKind::memory) {
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
    settings.memory.max_items = *options.capacity->items;
  }
}

// The profile's backend with the pool that the run asks for, and without a snapshot of the user's.
std::unique_ptr<CacheBackend> backend_for(Context& context, const BenchOptions& options) {
  Settings settings = context.settings();
  settings.memory.snapshot_file.clear();
  if (options.pool_size) {
    if (settings.backend == BackendKind::memory) {
      throw Failure("bench", Error{Errc::invalid_argument,
                                   "--pool-size: the memory backend has no connections", "",
                                   "name a server with --url"});
    }
    settings.redis.pool_size = *options.pool_size;
    settings.memcached.max_connections = *options.pool_size;
    settings.memcached.min_connections =
        std::min(settings.memcached.min_connections, *options.pool_size);
  }
  bound_memory(settings, options);
  return value_or_fail("bench", make_backend(settings));
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
    if (verdict.failed) context.note("cachekit: gate " + gate_text(verdict));
  }
  if (report.wrong_answers.value_or(0) > 0) {
    context.note(fmt::format("cachekit: {} wrong answers", *report.wrong_answers));
  }
  if (!report.leftover.empty()) {
    context.warn("keys were left behind, which expire by themselves: " + report.leftover);
  }
}

ExitCode judge_run(Context& context, const BenchReport& report,
                   const std::vector<GateVerdict>& verdicts) {
  if (report.interrupted) return ExitCode::interrupted;
  if (report.count == report.errors) {
    const std::string why = report.failures.empty() ? "" : ": " + report.failures.front().example;
    context.report("bench", Error{Errc::unavailable, "no operation succeeded" + why, "", ""});
    return ExitCode::unreachable;
  }
  const bool failed = std::ranges::any_of(verdicts, &GateVerdict::failed);
  return failed || report.wrong_answers.value_or(0) > 0 ? ExitCode::gate : ExitCode::done;
}

ExitCode run_once(Context& context, const BenchArguments& arguments, const BenchOptions& options,
                  std::optional<std::size_t> sweep_index) {
  const std::unique_ptr<CacheBackend> backend = backend_for(context, options);
  ProgressBar bar(context.err.is_terminal() && !context.options.quiet);
  Result<BenchReport> report =
      run_bench(*backend, options, interrupted, [&](std::string_view phase, double part) {
        bar.show(part > 0 ? std::optional(part) : std::nullopt, phase);
      });
  bar.clear();
  if (!report) throw Failure("bench", std::move(report).error());

  std::vector<GateVerdict> verdicts;
  for (const Gate& gate : arguments.gates) verdicts.push_back(judge(gate, *report));
  const BenchSetting setting = setting_of(context, *backend);
  if (context.options.json) {
    context.out.line(bench_json(*report, options, setting, verdicts));
  } else if (sweep_index) {
    if (*sweep_index == 0) context.out.write(sweep_head(*arguments.sweep));
    context.out.write(sweep_row(arguments.sweep->values[*sweep_index], *report));
  } else {
    context.out.write(bench_text(*report, options, setting));
  }
  print_findings(context, *report, verdicts);
  return judge_run(context, *report, verdicts);
}

ExitCode sweep(Context& context, const BenchArguments& arguments) {
  std::vector<BenchOptions> runs;
  for (const std::uint64_t value : arguments.sweep->values) {
    runs.push_back(arguments.options);
    apply(runs.back(), arguments.sweep->name, value);
    value_or_fail("bench", validate(runs.back()));
  }
  ExitCode worst = ExitCode::done;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const ExitCode code = run_once(context, arguments, runs[i], i);
    if (code == ExitCode::interrupted) return code;
    worst = worse(worst, code);
  }
  if (!context.options.json) context.out.write(closed_loop_note());
  return worst;
}

// A trace says itself what is asked for, and how often.
void check_trace_options(const BenchArguments& arguments) {
  if (arguments.options.distribution.kind != Distribution::Kind::trace) return;
  for (const CLI::Option* option : arguments.not_for_traces) {
    if (option->count() == 0) continue;
    throw Failure("bench", Error{Errc::invalid_argument,
                                 option->get_name() + ": a trace is replayed once, as it is", "",
                                 "leave the option out"});
  }
}

ExitCode bench(Context& context, const BenchArguments& arguments) {
  check_trace_options(arguments);
  if (arguments.sweep) return sweep(context, arguments);
  value_or_fail("bench", validate(arguments.options));
  return run_once(context, arguments, arguments.options, std::nullopt);
}

}  // namespace

void add_bench(Commands& commands) {
  CLI::App& app = commands.add("bench", "Measure throughput, latency and hit ratio");
  const auto arguments = std::make_shared<BenchArguments>();
  add_options(app, *arguments);
  commands.on(app, [arguments](Context& context) { return bench(context, *arguments); });
}

}  // namespace cachekit::cli
