#include "config/profiles.hpp"

#include "config/apply.hpp"
#include "config/environment.hpp"
#include "config/option_table.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

namespace cachekit::config {
namespace {

constexpr std::array<std::string_view, 3> names{"dev", "test", "prod"};

// Empty where a user has no home, such as a service: then `dev` keeps nothing.
std::filesystem::path dev_snapshot(const Environment& environment) {
  std::filesystem::path base = lookup(environment, "XDG_STATE_HOME").value_or("");
  if (!base.is_absolute()) {  // The XDG specification says to ignore relative paths.
    const std::optional<std::string> home = lookup(environment, "HOME");
    if (!home || !std::filesystem::path(*home).is_absolute()) return {};
    base = std::filesystem::path(*home) / ".local/state";
  }
  return base / "cachekit/dev.snapshot";
}

}  // namespace

std::span<const std::string_view> built_in_profiles() noexcept { return names; }

bool is_built_in(std::string_view name) noexcept {
  return std::ranges::find(names, name) != names.end();
}

Result<void> apply_built_in(Settings& settings, std::string_view name,
                            const Environment& environment) {
  std::vector<std::pair<std::string_view, std::string>> values;
  if (name == "dev") {
    values = {{"backend", "memory"}, {"memory.snapshot_file", dev_snapshot(environment).string()}};
  } else if (name == "test") {
    values = {{"backend", "memory"}};
  } else if (name == "prod") {
    values = {{"backend", "redis"}, {"production", "true"}};
  }
  const std::string origin = "profile " + std::string(name);
  for (const auto& [key, text] : values) {
    Result<void> done = apply_option(settings, *find_option(key), text, origin, environment);
    if (!done) return done;
  }
  return {};
}

}  // namespace cachekit::config
