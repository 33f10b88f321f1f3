// From a request to settings. The sources are applied one over the other, the weakest first, so
// that whichever speaks last holds: default, built-in profile, file's profile, environment, URL,
// timeout, options. The one exception is the backend: a profile that the caller names outright
// decides it over CACHE_BACKEND, because an option beats the environment.

#include "config/apply.hpp"
#include "config/backends/registry.hpp"
#include "config/environment.hpp"
#include "config/option_table.hpp"
#include "config/profiles.hpp"
#include "config/secret_file.hpp"
#include "config/text.hpp"
#include "config/toml_file.hpp"
#include "config/url.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace cachekit {
namespace config {
namespace {

Result<ConfigFile> open_file(const SettingsRequest& request) {
  if (request.file) return read_config_file(*request.file);
  if (request.environment("CACHEKIT_CONFIG") == "") return fail(empty_variable("CACHEKIT_CONFIG"));
  if (const auto found = find_config_file(request.environment)) return read_config_file(*found);
  return ConfigFile{};
}

std::vector<std::string> names_of(const ConfigFile& file) {
  std::vector<std::string> names(built_in_profiles().begin(), built_in_profiles().end());
  for (const FileProfile& profile : file.profiles) {
    if (!is_built_in(profile.name)) names.push_back(profile.name);
  }
  return names;
}

Result<void> apply_profile(Settings& settings, const FileProfile* profile,
                           const Environment& environment) {
  if (profile == nullptr) return {};
  for (const FileEntry& entry : profile->entries) {
    Result<void> done =
        apply_option(settings, *entry.option, entry.text, entry.origin, environment);
    if (!done) return done;
  }
  return {};
}

// A mistake in a profile is told now, not on the day on which that profile is first used.
Result<void> check_profiles(const ConfigFile& file, const Environment& environment) {
  for (const FileProfile& profile : file.profiles) {
    Settings scratch;
    if (Result<void> done = apply_profile(scratch, &profile, environment); !done) return done;
  }
  return {};
}

Result<void> choose_profile(Settings& settings, const SettingsRequest& request,
                            const ConfigFile& file) {
  std::string origin = "default";
  if (request.profile) {
    settings.profile = *request.profile;
    origin = "option";
  } else if (auto variable = request.environment("CACHEKIT_PROFILE")) {
    if (variable->empty()) return fail(empty_variable("CACHEKIT_PROFILE"));
    settings.profile = *std::move(variable);
    origin = "environment CACHEKIT_PROFILE";
  } else if (file.default_profile) {
    settings.profile = *file.default_profile;
    origin = file.default_profile_origin;
  }
  settings.origins.insert_or_assign("profile", origin);
  if (is_built_in(settings.profile) || file.find(settings.profile) != nullptr) return {};
  const std::vector<std::string> names = names_of(file);
  const std::string near = nearest(settings.profile, names);
  return fail(Errc::invalid_argument,
              fmt::format("{}: unknown profile {}; there are {}", origin,
                          in_quotes(settings.profile), joined(names)),
              {},
              near.empty() ? "define it as [profiles.NAME] in the configuration file"
                           : fmt::format("did you mean {}?", near));
}

// A profile of the user's own that names no backend must not end up in memory unnoticed.
Result<void> check_backend_named(const Settings& settings, const ConfigFile& file) {
  if (origin_of(settings, "backend") != "default") return {};
  const FileProfile* profile = file.find(settings.profile);
  const std::string place = profile == nullptr ? std::string("default") : profile->origin;
  return fail(Errc::invalid_argument,
              fmt::format("{}: profile {}: backend is missing; expected {}", place,
                          in_quotes(settings.profile), backends::names()),
              {}, "add a line such as backend = \"redis\"");
}

Result<void> apply_request(Settings& settings, const SettingsRequest& request) {
  if (request.url) {
    Result<void> done = apply_url(settings, *request.url, "--url", request.environment);
    if (!done) return done;
  }
  if (request.operation_timeout == std::chrono::milliseconds(0)) {  // However that was spelled.
    return fail(
        Errc::invalid_argument,
        "--timeout: operation_timeout: expected more than zero; no limit is spelled forever");
  }
  if (request.operation_timeout) {
    const std::string text = request.operation_timeout->count() < 0
                                 ? fmt::format("{}ms", request.operation_timeout->count())
                                 : format_duration(*request.operation_timeout);
    Result<void> done = apply_option(settings, *find_option("operation_timeout"), text, "--timeout",
                                     request.environment);
    if (!done) return done;
  }
  for (const auto& [key, text] : request.options) {
    const Option* option = find_option(key);
    if (option == nullptr) return fail(unknown_option(key));
    Result<void> done = apply_option(settings, *option, text, "option", request.environment);
    if (!done) {
      return fail(naming_value(std::move(done).error(), *option, text, request.environment));
    }
  }
  return {};
}

bool is_given(const SettingsRequest& request, std::string_view key) {
  return std::ranges::any_of(request.options,
                             [&](const auto& option) { return option.first == key; });
}

// Whether the request says the same thing as a variable, so that the variable is of no consequence.
bool is_overridden(const Option& option, const SettingsRequest& request, const Settings& outcome) {
  const bool host = option.key == "redis.host";
  const bool port = option.key == "redis.port";
  const bool address =
      host || port || option.key == "redis.database" || option.key == "memcached.servers";
  if (is_given(request, option.key) || (address && request.url)) return true;
  if (origin_of(outcome, option.key) == "--url") return true;  // One of its parameters.
  if ((host || port) && is_given(request, "redis.unix_socket")) return true;
  // A host of the environment would take the place of the socket.
  return port && !outcome.redis.unix_socket.empty() && !lookup(request.environment, "REDIS_HOST");
}

Result<void> apply_variables(Settings& settings, const SettingsRequest& request) {
  const bool decided = (request.profile && origin_of(settings, "backend") != "default") ||
                       request.url || is_given(request, "backend");
  if (!decided) {
    Result<void> done = apply_backend_variable(settings, request.environment);
    if (!done) return done;
  }
  Settings outcome = settings;
  if (Result<void> done = apply_request(outcome, request); !done) return done;
  return apply_environment(settings, request.environment, [&](const Option& option) {
    return belongs_to(option, outcome.backend) && !is_overridden(option, request, outcome);
  });
}

// A file that a variable names for a backend which is not chosen may be anything.
Result<void> read_password(Settings& settings) {
  Result<void> done = read_password_file(settings);
  constexpr std::string_view key = "redis.password_file";
  const bool unused = !belongs_to(*find_option(key), settings.backend) &&
                      origin_of(settings, key).starts_with("environment ");
  return unused ? Result<void>() : done;
}

}  // namespace
}  // namespace config

using namespace config;

Result<Settings> load_settings(const SettingsRequest& request) {
  const Result<ConfigFile> file = open_file(request);
  if (!file) return fail(file.error());
  const Environment& environment = request.environment;
  Settings settings = default_settings();
  Result<void> done =
      check_profiles(*file, environment)
          .and_then([&] { return choose_profile(settings, request, *file); })
          .and_then([&] { return apply_built_in(settings, settings.profile, environment); })
          .and_then(
              [&] { return apply_profile(settings, file->find(settings.profile), environment); })
          .and_then([&] { return apply_variables(settings, request); })
          .and_then([&] { return apply_request(settings, request); })
          .and_then([&] { return check_backend_named(settings, *file); })
          .and_then([&] { return read_password(settings); });
  if (!done) return fail(std::move(done).error());
  fit_connections(settings);
  return settings;
}

Result<std::vector<std::string>> profile_names(const SettingsRequest& request) {
  return open_file(request).map(names_of);
}

std::vector<std::filesystem::path> config_search_path(const Environment& environment) {
  std::vector<std::filesystem::path> places;
  if (const auto named = lookup(environment, "CACHEKIT_CONFIG")) places.emplace_back(*named);
  places.emplace_back("cachekit.toml");
  const std::filesystem::path xdg = lookup(environment, "XDG_CONFIG_HOME").value_or("");
  if (xdg.is_absolute()) {
    places.push_back(xdg / "cachekit/config.toml");
  } else if (const auto home = lookup(environment, "HOME")) {
    places.push_back(std::filesystem::path(*home) / ".config/cachekit/config.toml");
  }
  places.emplace_back("/etc/cachekit/config.toml");
  return places;
}

std::optional<std::filesystem::path> find_config_file(const Environment& environment) {
  if (auto named = lookup(environment, "CACHEKIT_CONFIG")) return *std::move(named);
  for (const std::filesystem::path& place : config_search_path(environment)) {
    std::error_code error;  // A place that may not be looked into is not there.
    if (std::filesystem::exists(place, error)) return place;
  }
  return std::nullopt;
}

}  // namespace cachekit
