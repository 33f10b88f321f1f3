#include "config/environment.hpp"

#include "config/apply.hpp"

#include <cstdlib>

namespace cachekit {
namespace config {

std::optional<std::string> lookup(const Environment& environment, std::string_view name) {
  std::optional<std::string> value = environment(name);
  if (value && value->empty()) value.reset();
  return value;
}

Result<void> apply_environment(Settings& settings, const Environment& environment,
                               std::string_view skipped) {
  for (const Option& option : options()) {
    if (option.environment.empty() || option.key == skipped) continue;
    const std::optional<std::string> text = lookup(environment, option.environment);
    if (!text) continue;
    const std::string origin = "environment " + std::string(option.environment);
    if (Result<void> done = apply_option(settings, option, *text, origin, environment); !done) {
      return done;
    }
  }
  return {};
}

}  // namespace config

Environment process_environment() {
  return [](std::string_view name) -> std::optional<std::string> {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here changes the environment.
    const char* value = std::getenv(std::string(name).c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
}

}  // namespace cachekit
