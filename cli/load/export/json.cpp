#include "output/json.hpp"

#include "load/export/exporter.hpp"

#include <cachekit/version.hpp>

#include <chrono>
#include <ctime>
#include <thread>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/utsname.h>

namespace cachekit::cli {
namespace {

Json to_json(const std::optional<LatencySummary>& latency) {
  if (!latency) return nullptr;
  return {{"min", latency->min}, {"mean", latency->mean}, {"p50", latency->p50},
          {"p90", latency->p90}, {"p99", latency->p99},   {"p999", latency->p999},
          {"max", latency->max}};
}

double seconds(std::chrono::milliseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

Json settings_of(const BenchOptions& options, const BenchSetting& setting) {
  Json json{{"backend", setting.backend},
            {"target", setting.target},
            {"mode", "kv"},
            {"loop", "closed"},
            {"threads", options.threads},
            {"keys", options.keys},
            {"value_size", to_string(options.value_size)},
            {"ratio", to_string(options.ratio)},
            {"distribution", to_string(options.distribution)},
            {"seed", options.seed}};
  json["duration_s"] = options.requests ? Json(nullptr) : Json(seconds(options.duration));
  json["requests"] = or_null(options.requests);
  json["warmup_s"] = seconds(options.warmup);
  json["pool_size"] = or_null(options.pool_size);
  json["capacity"] = options.capacity ? Json(to_string(*options.capacity)) : Json(nullptr);
  json["policy"] = options.policy ? Json(to_string(*options.policy)) : Json(nullptr);
  json["timeout_ms"] = setting.operation_timeout_ms;
  json["verify"] = options.verify;
  return json;
}

Json environment_of(const BenchSetting& setting) {
  utsname system{};
  ::uname(&system);
  Json json{{"cachekit", version()},
            {"compiler", __VERSION__},
            {"system", fmt::format("{} {} {}", system.sysname, system.release, system.machine)},
            {"cpus", std::thread::hardware_concurrency()}};
  json["server_version"] =
      setting.server_version.empty() ? Json(nullptr) : Json(setting.server_version);
  json["finished"] = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  return json;
}

// Null where nothing was measured.
template <typename Figure>
Json measured(const BenchReport& report, const Figure& figure) {
  return was_measured(report) ? Json(figure) : Json(nullptr);
}

Json results_of(const BenchReport& report) {
  Json results = Json::array();
  for (const OperationReport& operation : report.operations) {
    results.push_back({{"operation", operation.operation},
                       {"count", measured(report, operation.count)},
                       {"errors", measured(report, operation.errors)},
                       {"hits", measured(report, or_null(operation.hits))},
                       {"misses", measured(report, or_null(operation.misses))},
                       {"throughput", measured(report, operation.throughput)},
                       {"latency_us", to_json(operation.latency)}});
  }
  return results;
}

Json slices_of(const BenchReport& report) {
  Json slices = Json::array();
  for (const SliceReport& slice : report.slices) {
    slices.push_back({{"start_s", slice.start},
                      {"seconds", slice.seconds},
                      {"count", slice.count},
                      {"errors", slice.errors},
                      {"throughput", slice.throughput},
                      {"latency_us", to_json(slice.latency)}});
  }
  return slices;
}

Json failures_of(const BenchReport& report) {
  Json failures = Json::array();
  for (const FailureReport& failure : report.failures) {
    failures.push_back({{"code", to_string(failure.example.code)},
                        {"count", failure.count},
                        {"example", failure.example.describe()}});
  }
  return failures;
}

Json gates_of(std::span<const GateVerdict> verdicts) {
  Json gates = Json::array();
  for (const GateVerdict& verdict : verdicts) {
    gates.push_back({{"expression", verdict.text},
                     {"value", or_null(verdict.value)},
                     {"failed", verdict.failed}});
  }
  return gates;
}

class JsonExporter final : public Exporter {
 public:
  std::string run(const BenchRun& run) override {
    const BenchReport& report = run.report;
    Json json{{"schema", "cachekit-bench/1"},
              {"settings", settings_of(run.options, run.setting)},
              {"environment", environment_of(run.setting)},
              {"results", results_of(report)},
              {"total",
               {{"throughput", measured(report, report.throughput)},
                {"count", measured(report, report.count)},
                {"errors", measured(report, report.errors)},
                {"wrong_answers", or_null(report.wrong_answers)},
                {"hit_ratio", or_null(report.hit_ratio)},
                {"seconds", report.seconds},
                {"cpu_seconds", report.cpu_seconds}}},
              {"slices", slices_of(report)},
              {"failures", failures_of(report)},
              {"preload", {{"count", report.preloaded}, {"seconds", report.preload_seconds}}},
              {"interrupted", report.interrupted},
              {"gates", gates_of(run.verdicts)}};
    return dump(json) + "\n";
  }
};

}  // namespace

std::unique_ptr<Exporter> json_exporter() { return std::make_unique<JsonExporter>(); }

}  // namespace cachekit::cli
