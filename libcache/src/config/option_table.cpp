#include "config/option_table.hpp"

#include "config/option_values.hpp"
#include "config/text.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace cachekit {
namespace config {
namespace {

using Kind = Option::Kind;

// The member that a path of member pointers leads to: Settings -> redis -> port.
template <auto... Path, typename Root>
auto& member(Root& settings) {
  return (settings.*....*Path);
}

template <typename T>
Result<void> store(T& target, Result<T> parsed) {
  if (!parsed) return fail(std::move(parsed).error());
  target = *std::move(parsed);
  return {};
}

// One class a kind: how its text is read, how it is written.

template <std::uint64_t Low, std::uint64_t High, auto... Path>
struct Whole {
  static constexpr Kind kind = Kind::integer;
  static Result<void> set(Settings& settings, std::string_view text) {
    const Result<std::uint64_t> parsed = parse_whole(text, Low, High);
    if (!parsed) return fail(parsed.error());
    auto& target = member<Path...>(settings);
    target = static_cast<std::remove_reference_t<decltype(target)>>(*parsed);
    return {};
  }
  static std::string get(const Settings& settings) {
    return fmt::format("{}", member<Path...>(settings));
  }
};

template <auto... Path>
struct Boolean {
  static constexpr Kind kind = Kind::boolean;
  static Result<void> set(Settings& settings, std::string_view text) {
    return store(member<Path...>(settings), parse_boolean(text));
  }
  static std::string get(const Settings& settings) {
    return member<Path...>(settings) ? "true" : "false";
  }
};

template <auto... Path>
struct Duration {
  static constexpr Kind kind = Kind::duration;
  static Result<void> set(Settings& settings, std::string_view text) {
    return store(member<Path...>(settings), parse_budget(text));
  }
  static std::string get(const Settings& settings) {
    return format_duration(member<Path...>(settings));
  }
};

template <std::uint64_t Low, std::uint64_t High, auto... Path>
struct Size {
  static constexpr Kind kind = Kind::size;
  static Result<void> set(Settings& settings, std::string_view text) {
    return store(member<Path...>(settings), parse_size(text, Bytes{Low}, Bytes{High}));
  }
  static std::string get(const Settings& settings) { return exact_size(member<Path...>(settings)); }
};

template <auto Parse, auto... Path>
struct Text {
  static constexpr Kind kind = Kind::text;
  static Result<void> set(Settings& settings, std::string_view text) {
    return store(member<Path...>(settings), Parse(text));
  }
  static std::string get(const Settings& settings) { return member<Path...>(settings); }
};

template <auto... To>
struct FilePath {
  static constexpr Kind kind = Kind::path;
  static Result<void> set(Settings& settings, std::string_view text) {
    Result<std::string> parsed = parse_path(text);
    if (!parsed) return fail(std::move(parsed).error());
    member<To...>(settings) = *std::move(parsed);
    return {};
  }
  static std::string get(const Settings& settings) {
    return std::filesystem::path(member<To...>(settings)).string();
  }
};

struct SocketPath : FilePath<&Settings::redis, &RedisConfig::unix_socket> {
  static Result<void> set(Settings& settings, std::string_view text) {
    Result<std::string> parsed = parse_socket_path(text);
    if (!parsed) return fail(std::move(parsed).error());
    settings.redis.unix_socket = *std::move(parsed);
    return {};
  }
};

struct Backend {
  static constexpr Kind kind = Kind::text;
  static Result<void> set(Settings& settings, std::string_view text) {
    return store(settings.backend, parse_backend(text));
  }
  static std::string get(const Settings& settings) {
    return std::string(to_string(settings.backend));
  }
};

struct Policy {
  static constexpr Kind kind = Kind::text;
  static Result<void> set(Settings& settings, std::string_view text) {
    return store(settings.memory.policy, parse_policy(text));
  }
  static std::string get(const Settings& settings) {
    return std::string(to_string(settings.memory.policy));
  }
};

// A host of higher precedence must not lose to a socket of lower precedence.
struct Host : Text<parse_host, &Settings::redis, &RedisConfig::host> {
  static Result<void> set(Settings& settings, std::string_view text) {
    Result<void> stored = Text::set(settings, text);
    if (stored) clear_option(settings, "redis.unix_socket");
    return stored;
  }
};

// Password and password file likewise: whichever was set last holds.
struct PasswordFile : FilePath<&Settings::redis_password_file> {
  static Result<void> set(Settings& settings, std::string_view text) {
    Result<void> stored = FilePath::set(settings, text);
    if (stored) clear_option(settings, "redis.password");
    return stored;
  }
};

struct Password {
  static constexpr Kind kind = Kind::secret;
  static Result<void> set(Settings& settings, std::string_view text) {
    settings.redis.password = Secret(std::string(text));
    clear_option(settings, "redis.password_file");
    return {};
  }
  static std::string get(const Settings& settings) {
    return std::string(settings.redis.password.empty() ? std::string_view() : mask);
  }
};

struct Servers {
  static constexpr Kind kind = Kind::list;
  static Result<void> set(Settings& settings, std::string_view text) {
    return store(settings.memcached.servers, parse_server_list(text));
  }
  static std::string get(const Settings& settings) {
    return fmt::format("{}", fmt::join(settings.memcached.servers, ","));
  }
};

template <typename Value>
constexpr Option row(std::string_view key, std::string_view environment, std::string_view help) {
  return {key, environment, Value::kind, help, &Value::set, &Value::get};
}

constexpr std::uint64_t most_connections = 10'000;
constexpr std::uint64_t most_in_flight = 100'000'000;
constexpr std::uint64_t most_shards = 1'024;
constexpr std::uint64_t most_items = std::uint64_t{1} << 40U;
constexpr std::uint64_t most_databases = std::numeric_limits<std::int32_t>::max();
constexpr auto memory = &Settings::memory;
constexpr auto redis = &Settings::redis;
constexpr auto memcached = &Settings::memcached;

// Within one source of settings a later row is applied after an earlier one, so it holds where two
// exclude each other: unix_socket over host, password over password_file.
constexpr std::array table{
    row<Backend>("backend", "CACHE_BACKEND", "Which cache to use: memory, redis or memcached"),
    row<Boolean<&Settings::production>>(
        "production", "", "Whether mistakes that only hurt in production are warned about"),
    row<Duration<&Settings::operation_timeout>>(
        "operation_timeout", "",
        "Budget of one operation, connecting included; raise it for far or slow servers"),

    row<Size<1024, 1ULL << 50U, memory, &InMemoryConfig::capacity>>(
        "memory.capacity", "", "Bound on keys, values and overhead together"),
    row<Whole<0, most_items, memory, &InMemoryConfig::max_entries>>(
        "memory.max_entries", "", "Bound on the number of entries, beside the capacity; 0: none"),
    row<Policy>("memory.policy", "",
                "What makes room: adaptive, lru or fifo; most users leave this alone"),
    row<Whole<0, most_shards, memory, &InMemoryConfig::shards>>(
        "memory.shards", "", "Parts with a lock each; 0 chooses, most users leave this alone"),
    row<FilePath<memory, &InMemoryConfig::snapshot_file>>(
        "memory.snapshot_file", "", "Where entries are kept between runs; empty: nowhere"),
    row<Boolean<memory, &InMemoryConfig::snapshot_read_only>>(
        "memory.snapshot_read_only", "", "Whether the snapshot is read and never written"),
    row<Duration<memory, &InMemoryConfig::connection_timeout>>(
        "memory.connection_timeout", "", "How long to wait for another holder of the snapshot"),

    row<Host>("redis.host", "REDIS_HOST", "Name or address of the server"),
    row<Whole<1, 65535, redis, &RedisConfig::port>>("redis.port", "REDIS_PORT", "Its port"),
    row<SocketPath>("redis.unix_socket", "", "Path of a socket, used instead of host and port"),
    row<Text<parse_user, redis, &RedisConfig::username>>(
        "redis.username", "REDIS_USERNAME", "An ACL user (Redis 6); empty: the default user"),
    row<PasswordFile>("redis.password_file", "REDIS_PASSWORD_FILE",
                      "A file whose first line is the password; better than the password here"),
    row<Password>("redis.password", "REDIS_PASSWORD", "The password; never printed"),
    row<Whole<0, most_databases, redis, &RedisConfig::database>>(
        "redis.database", "REDIS_DATABASE", "Number of the database that is selected"),
    row<Whole<1, most_connections, redis, &RedisConfig::pool_size>>(
        "redis.pool_size", "REDIS_POOL_SIZE",
        "Most connections at once, beside those of transactions, subscribers and commands that "
        "block; (cores x 2) + 1 is a good start"),
    row<Duration<redis, &RedisConfig::connection_timeout>>(
        "redis.connection_timeout", "", "Budget for resolving, connecting and logging in"),
    row<Text<parse_word, redis, &RedisConfig::client_name>>(
        "redis.client_name", "", "Name in the server's CLIENT LIST; empty: none"),
    row<Size<1, 512ULL << 20U, redis, &RedisConfig::max_value>>(
        "redis.max_value", "", "A value above this is refused before anything is sent"),
    row<Boolean<redis, &RedisConfig::leases>>(
        "redis.leases", "",
        "Whether leases are given; what writes the keys elsewhere needs it, too"),
    row<Whole<1, most_in_flight, redis, &RedisConfig::max_in_flight>>(
        "redis.max_in_flight", "", "Requests that may wait for a reply; more are overloaded"),
    row<Size<1, 1ULL << 40U, redis, &RedisConfig::max_in_flight_bytes>>(
        "redis.max_in_flight_bytes", "", "Bytes of these requests; more are overloaded"),

    row<Servers>("memcached.servers", "MEMCACHED_SERVERS",
                 "Required for memcached: host, host:port, host:port:weight, [v6]:port or /socket"),
    row<Whole<1, most_connections, memcached, &MemcachedConfig::max_connections>>(
        "memcached.max_connections", "MEMCACHED_POOL_SIZE",
        "Most connections at once to each server; (cores x 2) + 1 is a good start"),
    row<Whole<0, most_connections, memcached, &MemcachedConfig::min_connections>>(
        "memcached.min_connections", "", "Connections to each server that are opened and kept"),
    row<Duration<memcached, &MemcachedConfig::connection_timeout>>(
        "memcached.connection_timeout", "", "Budget for resolving and connecting"),
    row<Size<1, 1ULL << 30U, memcached, &MemcachedConfig::max_value>>(
        "memcached.max_value", "", "A value above this is refused before anything is sent"),
    row<Whole<1, most_in_flight, memcached, &MemcachedConfig::max_in_flight>>(
        "memcached.max_in_flight", "",
        "Requests that may wait for one server's reply; more are overloaded"),
    row<Size<1, 1ULL << 40U, memcached, &MemcachedConfig::max_in_flight_bytes>>(
        "memcached.max_in_flight_bytes", "", "Bytes of these requests; more are overloaded"),
};

}  // namespace

const Option* find_option(std::string_view key) noexcept {
  const auto* found = std::ranges::find(table, key, &Option::key);
  return found == table.end() ? nullptr : &*found;
}

Error unknown_option(std::string_view key) {
  std::vector<std::string> keys;
  keys.reserve(table.size());
  for (const Option& option : table) keys.emplace_back(option.key);
  const std::string near = nearest(key, keys);
  return {.code = Errc::invalid_argument,
          .message = fmt::format("unknown option {}", in_quotes(key)),
          .hint = near.empty() ? fmt::format("the options are {}", joined(keys))
                               : fmt::format("did you mean {}?", near)};
}

void clear_option(Settings& settings, std::string_view key) {
  if (key == "redis.username") settings.redis.username.clear();
  if (key == "redis.password") settings.redis.password = {};
  if (key == "redis.password_file") settings.redis_password_file.clear();
  if (key == "redis.unix_socket") settings.redis.unix_socket.clear();
  settings.origins.insert_or_assign(std::string(key), "default");
}

}  // namespace config

std::span<const Option> options() noexcept { return config::table; }

}  // namespace cachekit
