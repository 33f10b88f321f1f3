#include "commands/commands.hpp"
#include "failure.hpp"
#include "output/json.hpp"
#include "output/table.hpp"

#include <cachekit/config.hpp>
#include <cachekit/units.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cachekit::cli {
namespace {

// The table is made from what the backends say of themselves, so it cannot drift from the code.
struct CapabilityRow {
  std::string name;
  std::function<Json(const CacheBackend&, const Capabilities&)> value;
};

// A limit is shown to the byte: rounded, it would not be one.
std::string exact(std::size_t bytes) {
  const std::string text = format_bytes({bytes});
  return text.find('.') == std::string::npos ? text : std::to_string(bytes) + "B";
}

std::vector<CapabilityRow> capability_rows() {
  return {
      {"tier", [](const auto& backend, const auto&) { return Json(to_string(backend.tier())); }},
      {"persistence", [](const auto&, const auto& can) { return Json(can.persistence); }},
      {"clustering", [](const auto&, const auto& can) { return Json(can.clustering); }},
      {"rich_data", [](const auto&, const auto& can) { return Json(can.rich_data); }},
      {"publish_subscribe",
       [](const auto&, const auto& can) { return Json(can.publish_subscribe); }},
      {"transactions", [](const auto&, const auto& can) { return Json(can.transactions); }},
      {"scan", [](const auto&, const auto& can) { return Json(can.scan); }},
      {"remove_matching", [](const auto&, const auto& can) { return Json(can.remove_matching); }},
      {"remaining_ttl", [](const auto&, const auto& can) { return Json(can.remaining_ttl); }},
      {"ttl_resolution",
       [](const auto&, const auto& can) { return Json(format_duration(can.ttl_resolution)); }},
      {"binary_keys", [](const auto&, const auto& can) { return Json(can.binary_keys); }},
      {"negative_counters",
       [](const auto&, const auto& can) { return Json(can.negative_counters); }},
      {"compare_and_set", [](const auto&, const auto& can) { return Json(can.compare_and_set); }},
      {"leases", [](const auto&, const auto& can) { return Json(can.leases); }},
      {"max_key", [](const auto&, const auto& can) { return Json(exact(can.max_key_bytes)); }},
      {"max_value", [](const auto&, const auto& can) { return Json(exact(can.max_value_bytes)); }},
  };
}

std::string shown(const Json& value) {
  if (const bool* truth = value.as_bool()) return *truth ? "yes" : "no";
  return *value.as_text();
}

std::vector<std::unique_ptr<CacheBackend>> one_of_each() {
  std::vector<std::unique_ptr<CacheBackend>> all;
  for (const BackendKind kind : backend_kinds()) {
    Settings settings{.backend = kind};
    settings.memcached.servers = {"localhost:11211"};
    all.push_back(value_or_fail("backends", make_backend(settings)));
  }
  return all;
}

ExitCode run_backends(Context& context) {
  const std::vector<std::unique_ptr<CacheBackend>> all = one_of_each();
  if (context.options.json) {
    for (const auto& backend : all) {
      Json line{{"backend", backend->name()}};
      for (const CapabilityRow& row : capability_rows())
        line[row.name] = row.value(*backend, backend->capabilities());
      context.out.line(dump(line));
    }
    return ExitCode::done;
  }
  Table table(std::vector<Table::Align>(all.size() + 1, Table::Align::left));
  std::vector<std::string> head{"backend"};
  for (const auto& backend : all) head.emplace_back(backend->name());
  table.row(std::move(head));
  for (const CapabilityRow& row : capability_rows()) {
    std::vector<std::string> cells{row.name};
    for (const auto& backend : all) {
      cells.push_back(shown(row.value(*backend, backend->capabilities())));
    }
    table.row(std::move(cells));
  }
  context.out.write(table.text());
  return ExitCode::done;
}

}  // namespace

CommandSpec backends_command() {
  return {.name = "backends", .help = "Compare what the backends can do", .run = run_backends};
}

}  // namespace cachekit::cli
