#include "config/apply.hpp"
#include "config/environment.hpp"
#include "config/option_table.hpp"
#include "config/secret_file.hpp"

#include <cachekit/config.hpp>

#include <fmt/format.h>

namespace cachekit {
namespace config {
namespace {

std::string place_of(const Settings& settings, std::string_view key) {
  const std::string_view origin = origin_of(settings, key);
  return origin.empty() || origin == "default" ? std::string(key)
                                               : fmt::format("{}: {}", origin, key);
}

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

Result<void> check_memcached(const Settings& settings) {
  const MemcachedConfig& config = settings.memcached;
  if (config.servers.empty()) {
    return fail(
        Errc::invalid_argument,
        fmt::format("{}: expected at least one server", place_of(settings, "memcached.servers")),
        {}, "set MEMCACHED_SERVERS=host:11211, or servers under [profiles.NAME.memcached]");
  }
  if (config.min_connections > config.max_connections) {
    return fail(Errc::invalid_argument,
                fmt::format("{}: expected at most max_connections, which is {}, not {}",
                            place_of(settings, "memcached.min_connections"), config.max_connections,
                            config.min_connections));
  }
  return {};
}

}  // namespace
}  // namespace config

Result<std::unique_ptr<CacheBackend>> make_backend(const Settings& given) {
  Settings settings = given;
  Result<void> sound = config::check_values(settings);
  if (sound && settings.backend == BackendKind::redis && settings.redis.password.empty()) {
    sound = config::read_password_file(settings);
  }
  if (sound && settings.backend == BackendKind::memcached) {
    sound = config::check_memcached(settings);
  }
  if (!sound) return fail(std::move(sound).error());
  settings.redis.operation_timeout = settings.operation_timeout;
  settings.memcached.operation_timeout = settings.operation_timeout;
  switch (settings.backend) {
    case BackendKind::memory:
      return std::make_unique<InMemoryBackend>(settings.memory);
    case BackendKind::redis:
      return std::make_unique<RedisBackend>(settings.redis);
    case BackendKind::memcached:
      return std::make_unique<MemcachedBackend>(settings.memcached);
  }
  return fail(Errc::invalid_argument, "backend: expected memory, redis or memcached");
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
