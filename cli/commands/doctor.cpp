#include "commands/commands.hpp"
#include "output/json.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace cachekit::cli {
namespace {

using Level = Finding::Level;

// What only the servers can tell.
std::vector<Finding> check_servers(Context& context, CacheBackend& backend) {
  std::vector<Finding> found;
  for (const NodeStats& node : backend.stats().nodes) {
    if (node.error) {
      found.push_back(
          {Level::warning,
           fmt::format("{} gives no figures: {}", node.endpoint, node.error->message),
           node.error->hint.empty() ? "look at " + context.for_target("ping") : node.error->hint});
      continue;
    }
    std::ranges::move(check_best_practices(context.settings(), node), std::back_inserter(found));
  }
  return found;
}

std::vector<Finding> check_snapshot(const Context& context) {
  std::vector<Finding> found;
  for (const std::string& warning : context.snapshot_warnings()) {
    found.push_back({Level::warning, warning, std::string(whole_snapshot_hint)});
  }
  return found;
}

// Keys without a TTL stay until they are evicted, out of date or not.
std::vector<Finding> check_ttls(CacheBackend& backend) {
  if (!backend.capabilities().scan) return {};
  constexpr std::size_t sample = 1'000;
  std::size_t seen = 0;
  std::size_t without = 0;
  const auto visit = [&](std::string_view key) {
    const auto ttl = backend.ttl(key);
    if (!ttl) return false;
    ++seen;
    if (*ttl && !(*ttl)->expires()) ++without;
    return seen < sample;
  };
  if (!backend.scan({}, visit) || without == 0) return {};
  return {{Level::note, fmt::format("{} of {} keys looked at have no TTL", without, seen),
           "give writes a TTL: set --ttl, warm --ttl, or the expander's TTL policy"}};
}

ExitCode run_doctor(Context& context) {
  std::vector<Finding> found = check_best_practices(context.settings());
  CacheBackend& backend = context.unconnected_backend(Access::read);
  std::ranges::move(check_servers(context, backend), std::back_inserter(found));
  std::ranges::move(check_snapshot(context), std::back_inserter(found));
  std::ranges::move(check_ttls(backend), std::back_inserter(found));

  const bool warned =
      std::ranges::any_of(found, [](const Finding& a) { return a.level == Level::warning; });
  if (context.options.json) {
    Json findings = Json::array();
    for (const Finding& finding : found) {
      findings.push_back({{"level", finding.level == Level::warning ? "warning" : "note"},
                          {"what", finding.what},
                          {"fix", finding.fix}});
    }
    context.out.line(
        dump({{"target", backend.target()}, {"ok", !warned}, {"findings", std::move(findings)}}));
  } else {
    for (const Finding& finding : found) {
      context.out.line(fmt::format("{}: {}\n  fix: {}",
                                   finding.level == Level::warning ? "warning" : "note",
                                   finding.what, finding.fix));
    }
    if (found.empty()) context.out.line(fmt::format("nothing to say about {}", backend.target()));
  }
  return warned ? ExitCode::no : ExitCode::done;
}

}  // namespace

CommandSpec doctor_command() {
  return {
      .name = "doctor",
      .help =
          "Check configuration and servers for what should not reach production; exit 1 on a "
          "warning",
      .run = run_doctor,
  };
}

}  // namespace cachekit::cli
