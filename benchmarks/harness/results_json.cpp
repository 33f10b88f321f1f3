#include "harness/results_json.hpp"

#include "harness/failure.hpp"

#include <chrono>
#include <fstream>
#include <system_error>
#include <thread>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/utsname.h>

namespace cachekit::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr auto schema = "cachekit-sidebyside/1";

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

Json record_json(const Record& record) {
  return {{"name", record.name},
          {"median", median(record.figures)},
          {"cpu_us_per_op", median(record.cpu_us_per_op)},
          {"rounds", record.figures}};
}

std::string_view verdict_word(Verdict verdict) {
  switch (verdict) {
    case Verdict::aim:
      return "aim";
    case Verdict::must:
      return "must";
    case Verdict::falls_short:
      return "short";
    case Verdict::not_judged:
      break;
  }
  return "none";
}

Json row_json(const RowResult& result) {
  Json row{
      {"row", result.row.id},
      {"title", result.row.title},
      {"unit", result.unit},
      {"better", result.better == Better::higher ? "higher" : "lower"},
      {"subject", record_json(result.subject)},
      {"peer", record_json(result.peer)},
      {"ratio_of_medians", result.comparison.ratio_of_medians},
      {"median_of_ratios", result.comparison.median_of_ratios},
      {"ratio_quartiles", {result.comparison.lower_quartile, result.comparison.upper_quartile}},
      {"must", nullptr},
      {"aim", nullptr},
      {"verdict", verdict_word(result.verdict)}};
  if (result.row.goal) {
    row["must"] = result.row.goal->must;
    row["aim"] = result.row.goal->aim;
  }
  return row;
}

}  // namespace

Facts machine_facts() {
  utsname system{};
  ::uname(&system);
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  return {{"processor", processor()},
          {"cores", std::to_string(std::thread::hardware_concurrency())},
          {"kernel", system.release},
          {"compiler", __VERSION__},
          {"time", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now))}};
}

std::string results_json(const std::vector<RowResult>& results, const RunOptions& options,
                         const Facts& machine, const Facts& versions) {
  Json rows = Json::array();
  for (const RowResult& result : results) rows.push_back(row_json(result));
  const Json document{{"schema", schema},
                      {"machine", machine},
                      {"versions", versions},
                      {"rounds", options.rounds},
                      {"seconds_per_slot", options.slot.count()},
                      {"rows", std::move(rows)}};
  return document.dump(2) + "\n";
}

void write_file(const std::filesystem::path& file, const std::string& text) {
  std::error_code ignored;  // The open below tells what matters.
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), ignored);
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) throw BenchFailure("cannot write " + file.string());
}

}  // namespace cachekit::bench
