#pragma once

#include <cachekit/backend.hpp>
#include <cachekit/capabilities.hpp>
#include <cachekit/export.hpp>
#include <cachekit/memcached.hpp>
#include <cachekit/memory.hpp>
#include <cachekit/redis.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cachekit {

enum class BackendKind : std::uint8_t { memory, redis, memcached };

/// "memory", "redis" or "memcached".
[[nodiscard]] CACHEKIT_API std::string_view to_string(BackendKind kind) noexcept;

/// What is known of a backend before one is made.
struct BackendFacts {
  std::string_view name;  ///< Also in front of its options: "redis" of "redis.port".
  Tier tier;
  std::string_view server_option;   ///< Its option that names a server; empty: it has none.
  std::string_view pool_option;     ///< Its option for the most connections to a server; or empty.
  std::string_view value_option{};  ///< Its option for the longest value; or empty.
};
/// Requires: one of the enumerators.
[[nodiscard]] CACHEKIT_API const BackendFacts& facts_of(BackendKind kind) noexcept;

/// Everything that can be configured, and where each value came from.
struct Settings {
  std::string profile = "dev";
  BackendKind backend = BackendKind::memory;
  bool production =
      false;  ///< Makes `check_best_practices` strict; on in the built-in profile `prod`.
  /// The budget of one operation, for whichever backend is chosen: takes the place of the one in
  /// the backend's own part below.
  std::chrono::milliseconds operation_timeout = std::chrono::milliseconds(500);
  InMemoryConfig memory{};
  RedisConfig redis{};
  /// Read into `redis.password` by `load_settings` and `make_backend` when not empty.
  std::filesystem::path redis_password_file{};
  MemcachedConfig memcached{};

  /// Option key (and "profile") to "default", "profile prod", "FILE:LINE", "environment
  /// REDIS_HOST", "--url", "option".
  std::map<std::string, std::string, std::less<>> origins{};
};

/// Every kind there is.
[[nodiscard]] CACHEKIT_API std::span<const BackendKind> backend_kinds() noexcept;

/// How many servers the chosen backend has; 0 for a cache in the process.
[[nodiscard]] CACHEKIT_API std::size_t server_count(const Settings& settings);

/// One row of the table of all options: its TOML key, environment variable, and how to read and
/// write it. The table is the only place that names them; documentation and `config init` are
/// printed from it.
struct Option {
  enum class Kind : std::uint8_t { text, integer, boolean, duration, size, list, secret, path };

  std::string_view key;          ///< In a profile's table: "redis.pool_size".
  std::string_view environment;  ///< "REDIS_POOL_SIZE", or empty.
  Kind kind;
  std::string_view help;  ///< One line: effect, unit, when to change it.
  /// Parses and stores; no `~` is expanded. Errors: `invalid_argument`, saying what was expected.
  Result<void> (*set)(Settings& settings, std::string_view text);
  /// As text that `set` reads back; a secret is masked.
  std::string (*get)(const Settings& settings);
};

/// Every option there is.
[[nodiscard]] CACHEKIT_API std::span<const Option> options() noexcept;

/// Sets one option by its key and records the origin.
/// Errors: `invalid_argument` for an unknown key (naming near ones) or an impossible value.
[[nodiscard]] CACHEKIT_API Result<void> set_option(Settings& settings, std::string_view key,
                                                   std::string_view text,
                                                   const std::string& origin);

/// Reads an environment variable; empty when unset. Injectable for tests.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;
[[nodiscard]] CACHEKIT_API Environment process_environment();

/// What the settings are to be made from, in rising precedence: defaults, the built-in profile, the
/// file's profile, environment, `url`, `operation_timeout`, `options`.
///
/// A `profile` that is named here decides the backend over CACHE_BACKEND; one that comes from
/// CACHEKIT_PROFILE, the file or by default does not.
struct SettingsRequest {
  std::optional<std::string> profile{};  ///< Else $CACHEKIT_PROFILE, the file's default, "dev".
  std::optional<std::filesystem::path> file{};  ///< Else the search path of `find_config_file`.
  std::optional<std::string> url{};
  std::optional<std::chrono::milliseconds> operation_timeout{};
  std::vector<std::pair<std::string, std::string>> options{};  ///< Key and text.
  Environment environment = process_environment();
};

/// Settings from defaults, file, environment and options.
/// Errors: `invalid_argument`, naming file, line, key and what was expected.
[[nodiscard]] CACHEKIT_API Result<Settings> load_settings(const SettingsRequest& request = {});

/// $CACHEKIT_CONFIG, ./cachekit.toml, $XDG_CONFIG_HOME/cachekit/config.toml (else
/// ~/.config/...), /etc/cachekit/config.toml: the first that exists, or empty. $CACHEKIT_CONFIG is
/// taken even when it does not exist, so that a typing error there is not passed over.
[[nodiscard]] CACHEKIT_API std::optional<std::filesystem::path> find_config_file(
    const Environment& environment);
/// The places `find_config_file` looks, in order.
[[nodiscard]] CACHEKIT_API std::vector<std::filesystem::path> config_search_path(
    const Environment& environment);

/// The profiles' names: the built-in ones and those of the file, if any.
[[nodiscard]] CACHEKIT_API Result<std::vector<std::string>> profile_names(
    const SettingsRequest& request);

/// Applies a backend URL (`memory:`, `redis://`, `redis+unix://`, `memcached://`). The URL is the
/// whole address: a port, database or snapshot that it leaves out is the default's, not that of the
/// settings. Credentials that it leaves out stay, unless a file gave them: those are meant for that
/// file's host. On an error the settings are unchanged.
/// Errors: `invalid_argument`, naming the part that is wrong, never its secret.
/// `rediss://`, cluster and sentinel URLs are refused as not yet supported.
[[nodiscard]] CACHEKIT_API Result<void> apply_url(Settings& settings, std::string_view url,
                                                  std::string_view origin = "--url");
/// Whether a URL carries a password, which shells and process lists keep.
[[nodiscard]] CACHEKIT_API bool has_password(std::string_view url);

/// A commented configuration file with every option and its default, for a start.
[[nodiscard]] CACHEKIT_API std::string config_template();

/// Builds the backend that the settings name. Reads the password's file, if one is named; no other
/// I/O.
/// Errors: `invalid_argument` for impossible values, such as an empty server list.
[[nodiscard]] CACHEKIT_API Result<std::unique_ptr<CacheBackend>> make_backend(
    const Settings& settings);

/// The backend of a profile, from configuration file and environment. No I/O on the network.
[[nodiscard]] CACHEKIT_API Result<std::unique_ptr<CacheBackend>> make_backend(
    std::string_view profile);

/// The backend that CACHE_BACKEND, REDIS_HOST, REDIS_PORT, MEMCACHED_SERVERS and the others name;
/// in-process memory when nothing is set. Reads no file.
[[nodiscard]] CACHEKIT_API Result<std::unique_ptr<CacheBackend>> backend_from_environment(
    const Environment& environment = process_environment());

/// One finding of `check_best_practices`.
struct Finding {
  enum class Level : std::uint8_t { note, warning };
  Level level = Level::warning;
  std::string what{};  ///< "Redis without a password in a production profile"
  std::string fix{};   ///< What to type or change.
};

/// The DON'T list as far as settings alone tell: Tier-1 in production, no password in production,
/// plain text to a host that is not local, a password in a file that others may read, servers named
/// in the environment and not used, pools out of proportion to (cores x 2) + 1. No network I/O.
[[nodiscard]] CACHEKIT_API std::vector<Finding> check_best_practices(const Settings& settings);

/// The DON'T list as far as a server's own figures tell: no maxmemory, writes that it refuses when
/// it is full. Nothing of a node that gave no figures. No network I/O.
[[nodiscard]] CACHEKIT_API std::vector<Finding> check_best_practices(const Settings& settings,
                                                                     const NodeStats& node);

}  // namespace cachekit
