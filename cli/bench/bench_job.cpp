#include "bench/bench_job.hpp"

#include "bench/bench_json.hpp"
#include "bench/bench_runner.hpp"
#include "bench/bench_text.hpp"
#include "data/progress_bar.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

BenchSetting setting_of(CacheBackend& backend, std::chrono::milliseconds operation_timeout) {
  BenchSetting setting;
  setting.backend = backend.name();
  setting.target = backend.target();
  setting.operation_timeout_ms =
      std::chrono::duration<double, std::milli>(operation_timeout).count();
  const PingReport pings = backend.ping();
  if (!pings.nodes.empty()) setting.server_version = pings.nodes.front().version;
  return setting;
}

// Prints the runs of one bench, in the form that was asked for.
class Printer {
 public:
  Printer(const Job& job, const BenchPlan& plan) : job_(job), plan_(plan) {}

  void print(const BenchReport& report, const BenchOptions& options, const BenchSetting& setting,
             const std::vector<GateVerdict>& verdicts) {
    std::string text;
    if (job_.json) {
      text = bench_json(report, options, setting, verdicts) + '\n';
    } else if (plan_.sweep) {
      if (run_ == 0) text = sweep_head(*plan_.sweep);
      text += sweep_row(plan_.sweep->values[run_], report);
    } else {
      text = bench_text(report, options, setting);
    }
    ++run_;
    // The gates count even when nobody reads the figures.
    static_cast<void>(write_out(job_, text));
    for (const GateVerdict& verdict : verdicts) {
      if (verdict.failed) fmt::print(job_.talk, "cachekit: gate {}\n", gate_text(verdict));
    }
    if (report.wrong_answers.value_or(0) > 0) {
      fmt::print(job_.talk, "cachekit: {} wrong answers\n", *report.wrong_answers);
    }
    if (!report.leftover.empty()) {
      fmt::print(job_.talk, "cachekit: keys were left behind, which expire by themselves: {}\n",
                 report.leftover);
    }
  }

 private:
  const Job& job_;
  const BenchPlan& plan_;
  std::size_t run_ = 0;
};

Error nothing_succeeded(const BenchReport& report) {
  const std::string why = report.failures.empty() ? "" : ": " + report.failures.front().example;
  return {Errc::unavailable,
          "no operation succeeded" + why,
          {},
          "check the server with: cachekit ping"};
}

// Judges one run; `gate` or `interrupted` outlive what later runs say.
JobEnd judge_run(const BenchReport& report, const std::vector<GateVerdict>& verdicts) {
  if (report.interrupted) return {JobEnd::How::interrupted};
  if (report.count == report.errors) return JobEnd::failure(nothing_succeeded(report));
  const bool failed = std::ranges::any_of(verdicts, &GateVerdict::failed);
  if (failed || report.wrong_answers.value_or(0) > 0) return {JobEnd::How::gate};
  return {};
}

}  // namespace

JobEnd run_bench_job(const Job& job, const BenchArguments& arguments,
                     const BenchBackend& make_backend,
                     std::chrono::milliseconds operation_timeout) {
  Result<BenchPlan> plan = to_plan(arguments);
  if (!plan) return JobEnd::failure(std::move(plan.error()));
  Printer printer(job, *plan);
  JobEnd end;
  for (const BenchOptions& options : plan->runs()) {
    Result<std::unique_ptr<CacheBackend>> backend = make_backend(options.pool_size);
    if (!backend) return JobEnd::failure(std::move(backend.error()));
    ProgressBar bar(job.progress, job.talk);
    Result<BenchReport> report =
        run_bench(**backend, options, job.interrupted, [&](std::string_view phase, double part) {
          bar.show(part > 0 ? std::optional(part) : std::nullopt, phase);
        });
    bar.clear();
    if (!report) return JobEnd::failure(std::move(report.error()));

    std::vector<GateVerdict> verdicts;
    for (const Gate& gate : plan->gates) verdicts.push_back(judge(gate, *report));
    printer.print(*report, options, setting_of(**backend, operation_timeout), verdicts);
    JobEnd run_end = judge_run(*report, verdicts);
    if (run_end.how == JobEnd::How::interrupted || run_end.how == JobEnd::How::failed)
      return run_end;
    if (run_end.how == JobEnd::How::gate) end = run_end;
  }
  return end;
}

}  // namespace cachekit::cli
