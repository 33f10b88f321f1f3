#include "config/apply.hpp"
#include "config/backends/registry.hpp"
#include "config/environment.hpp"
#include "config/option_table.hpp"

#include <cachekit/config.hpp>

#include <fmt/format.h>

namespace cachekit {
namespace config {
namespace {

// Settings may have been filled in by hand: each value must be one that its option would take.
Result<void> check_values(const Settings& settings) {
  const std::string section = std::string(to_string(settings.backend)) + ".";
  Settings scratch;
  for (const Option& option : options()) {
    const bool concerns =
        option.key.starts_with(section) || option.key.find('.') == std::string_view::npos;
    if (!concerns || option.kind == Option::Kind::secret) continue;
    if (Result<void> done = option.set(scratch, option.get(settings)); !done) {
      return fail(Errc::invalid_argument,
                  fmt::format("{}: {}", place_of(settings, option.key), done.error().message));
    }
  }
  return {};
}

}  // namespace
}  // namespace config

Result<std::unique_ptr<CacheBackend>> make_backend(const Settings& given) {
  if (static_cast<std::size_t>(given.backend) >= config::backends::all().size()) {
    return fail(Errc::invalid_argument,
                fmt::format("backend: expected {}", config::backends::names()));
  }
  Settings settings = given;
  Result<void> sound = config::check_values(settings);
  const config::backends::BackendType& type = config::backends::type_of(settings.backend);
  if (sound) sound = type.complete(settings);
  if (!sound) return fail(std::move(sound).error());
  return type.make(settings);
}

Result<std::unique_ptr<CacheBackend>> make_backend(std::string_view profile) {
  SettingsRequest request;
  request.profile = std::string(profile);
  return load_settings(request).and_then(
      [](const Settings& settings) { return make_backend(settings); });
}

Result<std::unique_ptr<CacheBackend>> backend_from_environment(const Environment& environment) {
  Settings settings = config::default_settings();
  Result<void> done = config::apply_backend_variable(settings, environment).and_then([&] {
    return config::apply_environment(settings, environment, [&](const Option& option) {
      return config::belongs_to(option, settings.backend);
    });
  });
  if (!done) return fail(std::move(done).error());
  config::fit_connections(settings);
  return make_backend(settings);
}

}  // namespace cachekit
