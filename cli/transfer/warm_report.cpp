#include "transfer/warm_report.hpp"

#include "output/json.hpp"

#include <fmt/format.h>

namespace cachekit::cli {
std::string warm_text(const WarmResult& result, double seconds) {
  const WarmTally& tally = result.tally;
  std::string text =
      fmt::format("stored {}, skipped {}, bad {}", tally.stored, tally.skipped, tally.bad);
  if (tally.failed > 0) text += fmt::format(", not stored {}", tally.failed);
  if (tally.unknown > 0) text += fmt::format(", unknown {} (sent, not answered)", tally.unknown);
  if (tally.resumed > 0) text += fmt::format(", done before {}", tally.resumed);
  if (tally.resumed_bad > 0) text += fmt::format(" ({} of them bad)", tally.resumed_bad);
  if (result.evicted.value_or(0) > 0) text += fmt::format(", evicted {}", *result.evicted);
  return text + fmt::format(" in {:.2f} s\n", seconds);
}

std::vector<std::string> bad_lines_text(const WarmTally& tally, const std::string& input) {
  std::vector<std::string> lines;
  for (const BadLine& bad : tally.bad_lines) {
    lines.push_back(fmt::format("{}:{}: {}", input, bad.line, bad.problem));
  }
  if (tally.bad > tally.bad_lines.size()) {
    lines.push_back(fmt::format("and {} more bad records", tally.bad - tally.bad_lines.size()));
  }
  return lines;
}

std::string warm_json(const WarmResult& result, double seconds) {
  const WarmTally& tally = result.tally;
  Json json{
      {"stored", tally.stored},          {"skipped", tally.skipped}, {"bad", tally.bad},
      {"failed", tally.failed},          {"unknown", tally.unknown}, {"resumed", tally.resumed},
      {"resumed_bad", tally.resumed_bad}};
  json["evicted"] = or_null(result.evicted);
  json["items"] = or_null(result.items);
  json["bad_lines"] = Json::array();
  for (const BadLine& bad : tally.bad_lines) {
    json["bad_lines"].push_back({{"line", bad.line}, {"problem", bad.problem}});
  }
  json["complete"] = !result.error && !result.too_many_bad;
  json["seconds"] = seconds;
  return dump(json) + '\n';
}

std::string resume_hint(const WarmOptions& options) {
  if (!options.checkpoint.empty()) {
    return fmt::format("run the same command again: it resumes from {}",
                       options.checkpoint.string());
  }
  return "run it again with --skip-existing for what is missing, or with --checkpoint FILE to make "
         "it resume where it broke off";
}

}  // namespace cachekit::cli
