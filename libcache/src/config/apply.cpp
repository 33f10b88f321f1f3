#include "config/apply.hpp"

#include "config/environment.hpp"
#include "config/option_table.hpp"
#include "config/text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace cachekit {
namespace config {
namespace {

Result<std::string> expand_home(std::string_view text, const Environment& environment) {
  if (!text.starts_with('~')) return std::string(text);
  if (text != "~" && !text.starts_with("~/")) {
    return fail(Errc::invalid_argument, "expected a path; of a leading ~, only ~/ is understood");
  }
  const std::optional<std::string> home = lookup(environment, "HOME");
  if (!home) {
    return fail(Errc::invalid_argument, "expected a path without ~, because HOME is not set");
  }
  return *home + std::string(text.substr(1));
}

// A secret in the wrong variable is still a secret: an address with a user in it, or the very text
// of a variable that holds one.
bool may_be_shown(const Option& option, std::string_view text, const Environment& environment) {
  if (is_credential(option) || text.find('@') != std::string_view::npos) return false;
  return std::ranges::none_of(options(), [&](const Option& other) {
    if (other.kind != Option::Kind::secret || other.environment.empty()) return false;
    const std::optional<std::string> secret = lookup(environment, other.environment);
    return secret && text.find(*secret) != std::string_view::npos;
  });
}

tl::unexpected<Error> refuse(const Option& option, const std::string& origin, Error error) {
  error.message = fmt::format("{}: {}: {}", origin, option.key, error.message);
  return fail(std::move(error));
}

}  // namespace

bool is_credential(const Option& option) {
  return option.kind == Option::Kind::secret || option.key == "redis.username" ||
         option.key == "redis.password_file";
}

Error naming_value(Error error, const Option& option, std::string_view text,
                   const Environment& environment) {
  const std::string quoted = in_quotes(text);
  if (may_be_shown(option, text, environment) && error.message.find(quoted) == std::string::npos) {
    error.message += ", not " + quoted;
  }
  return error;
}

Result<void> apply_option(Settings& settings, const Option& option, std::string_view text,
                          const std::string& origin, const Environment& environment) {
  std::string expanded(text);
  if (option.kind == Option::Kind::path) {
    Result<std::string> path = expand_home(text, environment);
    if (!path) return refuse(option, origin, std::move(path).error());
    expanded = *std::move(path);
  }
  if (Result<void> stored = option.set(settings, expanded); !stored) {
    return refuse(option, origin, std::move(stored).error());
  }
  settings.origins.insert_or_assign(std::string(option.key), origin);
  return {};
}

Settings default_settings() {
  Settings settings;
  settings.origins.emplace("profile", "default");
  for (const Option& option : options()) settings.origins.emplace(option.key, "default");
  return settings;
}

std::string_view origin_of(const Settings& settings, std::string_view key) {
  const auto found = settings.origins.find(key);
  return found == settings.origins.end() ? std::string_view() : std::string_view(found->second);
}

std::string place_of(const Settings& settings, std::string_view key) {
  const std::string_view origin = origin_of(settings, key);
  return origin.empty() || origin == "default" ? std::string(key)
                                               : fmt::format("{}: {}", origin, key);
}

std::filesystem::path file_of_origin(std::string_view origin) {
  const std::size_t colon = origin.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == origin.size()) return {};
  const std::string_view line = origin.substr(colon + 1);
  const bool number = std::ranges::all_of(line, [](char c) { return c >= '0' && c <= '9'; });
  return number ? std::filesystem::path(origin.substr(0, colon)) : std::filesystem::path();
}

void fit_connections(Settings& settings) {
  MemcachedConfig& config = settings.memcached;
  if (origin_of(settings, "memcached.min_connections") == "default") {
    config.min_connections = std::min(config.min_connections, config.max_connections);
  }
}

}  // namespace config

Result<void> set_option(Settings& settings, std::string_view key, std::string_view text,
                        const std::string& origin) {
  const Option* option = config::find_option(key);
  if (option == nullptr) return fail(config::unknown_option(key));
  return config::apply_option(settings, *option, text, origin, process_environment());
}

}  // namespace cachekit
