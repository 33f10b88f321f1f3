#include "config/environment.hpp"

#include "config/apply.hpp"
#include "config/option_table.hpp"
#include "config/text.hpp"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

namespace cachekit {
namespace config {
namespace {

Result<void> apply_variable(Settings& settings, const Option& option,
                            const Environment& environment) {
  const std::optional<std::string> text = environment(option.environment);
  if (!text || (text->empty() && is_credential(option))) return {};
  if (text->empty()) return fail(empty_variable(option.environment));
  const std::string origin = "environment " + std::string(option.environment);
  Result<void> done = apply_option(settings, option, *text, origin, environment);
  if (done) return done;
  Error error = naming_value(std::move(done).error(), option, *text, environment);
  if (error.hint.empty()) {
    error.hint = fmt::format("set {} to what is expected, or unset it", option.environment);
  }
  return fail(std::move(error));
}

}  // namespace

std::optional<std::string> lookup(const Environment& environment, std::string_view name) {
  std::optional<std::string> value = environment(name);
  if (value && value->empty()) value.reset();
  return value;
}

Error empty_variable(std::string_view name) {
  return {Errc::invalid_argument,
          fmt::format("environment {}: it is empty", name),
          {},
          fmt::format("give {} a value, or unset it", name)};
}

Result<void> apply_backend_variable(Settings& settings, const Environment& environment) {
  return apply_variable(settings, *find_option("backend"), environment);
}

Result<void> apply_environment(Settings& settings, const Environment& environment,
                               const std::function<bool(const Option&)>& has_a_say) {
  for (const Option& option : options()) {
    if (option.environment.empty() || option.key == "backend") continue;
    Result<void> done = apply_variable(settings, option, environment);
    if (!done && has_a_say(option)) return done;
  }
  return {};
}

bool belongs_to(const Option& option, BackendKind backend) {
  return option.key.substr(0, option.key.find('.')) == to_string(backend);
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
