#include "bench/bench_arguments.hpp"

#include <cachekit/units.hpp>

#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace cachekit::cli {
namespace {

// Reads one option's text into its place, and names the option where it cannot be read.
template <typename T, typename Place>
Result<void> read(std::string_view option, Result<T> parsed, Place& place) {
  if (parsed) {
    place = std::move(*parsed);
    return {};
  }
  Error error = std::move(parsed.error());
  error.message = fmt::format("{}: {}", option, error.message);
  return fail(std::move(error));
}

Result<BenchOptions> to_options(const BenchArguments& arguments) {
  BenchOptions options;
  options.requests = arguments.requests;
  options.threads = arguments.threads;
  options.keys = arguments.keys;
  options.seed = arguments.seed;
  options.pool_size = arguments.pool_size;
  options.verify = arguments.verify;
  for (const Result<void>& done :
       {read("--duration", parse_duration(arguments.duration), options.duration),
        read("--warmup", parse_duration(arguments.warmup), options.warmup),
        read("--value-size", parse_size_range(arguments.value_size), options.value_size),
        read("--ratio", parse_ratio(arguments.ratio), options.ratio),
        read("--distribution", parse_distribution(arguments.distribution), options.distribution)}) {
    if (!done) return fail(done.error());
  }
  return options;
}

}  // namespace

std::vector<BenchOptions> BenchPlan::runs() const {
  if (!sweep) return {options};
  std::vector<BenchOptions> runs;
  for (const std::uint64_t value : sweep->values) {
    runs.push_back(options);
    apply(runs.back(), sweep->name, value);
  }
  return runs;
}

void add_options(CLI::App& app, BenchArguments& arguments) {
  CLI::Option* duration =
      app.add_option("--duration", arguments.duration, "How long to measure (default: 10s)");
  app.add_option("--requests", arguments.requests,
                 "How many requests to make, all callers together, instead of a duration")
      ->excludes(duration);
  app.add_option("--threads", arguments.threads,
                 "Blocking callers that share one backend object (default: 1)");
  app.add_option("--keys", arguments.keys, "How many keys there are (default: 100000)");
  app.add_option("--value-size", arguments.value_size,
                 "Bytes of a value, or a range such as 64-1024 (default: 128)");
  app.add_option("--ratio", arguments.ratio, "Gets to sets (default: 9:1)");
  app.add_option("--distribution", arguments.distribution,
                 "Which keys are asked for: uniform, zipf:0.99 or sequential (default: uniform)");
  app.add_option("--seed", arguments.seed, "Of keys and sizes (default: 1)");
  app.add_option("--warmup", arguments.warmup, "How long to run before measuring (default: 1s)");
  app.add_option("--pool-size", arguments.pool_size,
                 "Most connections at once, to each server (default: the profile's)");
  app.add_flag("--verify", arguments.verify,
               "Stamp every value with its key and check every answer; a wrong one is exit 7");
  app.add_option("--sweep", arguments.sweep,
                 "Run once for each value of pool-size, threads, keys or value-size: NAME=A,B,C");
  app.add_option("--fail-if", arguments.fail_if,
                 "Exit 7 if this holds: get.p99>2ms, errors>0, total.hit_ratio<0.9 (repeatable)")
      ->expected(1)
      ->take_all();
  app.footer(
      "Keys are called cachekit-bench:RUN:NUMBER. They are filled before the measurement, which "
      "does\n"
      "not count, and removed after it; whatever is left behind by a run that was killed expires "
      "an\n"
      "hour after its planned end. A cache file of the memory backend is neither read nor "
      "written.");
}

Result<BenchPlan> to_plan(const BenchArguments& arguments) {
  BenchPlan plan;
  Result<BenchOptions> options = to_options(arguments);
  if (!options) return fail(std::move(options.error()));
  plan.options = *options;
  if (!arguments.sweep.empty()) {
    Result<void> done = read("--sweep", parse_sweep(arguments.sweep), plan.sweep);
    if (!done) return fail(std::move(done.error()));
  }
  for (const std::string& text : arguments.fail_if) {
    Gate gate;
    Result<void> done = read("--fail-if", parse_gate(text), gate);
    if (!done) return fail(std::move(done.error()));
    plan.gates.push_back(std::move(gate));
  }
  for (const BenchOptions& run : plan.runs()) {
    if (Result<void> checked = validate(run); !checked) return fail(std::move(checked.error()));
  }
  return plan;
}

}  // namespace cachekit::cli
