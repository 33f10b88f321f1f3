// Redis, as configuration sees it.

#include "config/backends/types.hpp"
#include "config/secret_file.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace cachekit::config::backends {
namespace {

constexpr std::array redis_parameters{
    UrlParameter{"db", "redis.database"},
    UrlParameter{"pool_size", "redis.pool_size"},
    UrlParameter{"connection_timeout", "redis.connection_timeout"},
    UrlParameter{"client_name", "redis.client_name"},
    UrlParameter{"max_value", "redis.max_value"},
    UrlParameter{"operation_timeout", "operation_timeout"},
};

// "host", "host:port", "[v6]" or "[v6]:port".
Result<void> put_endpoint(UrlDraft& draft, std::string_view authority) {
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon =
      authority.find(':', bracket == std::string_view::npos ? 0 : bracket + 1);
  const bool has_port = colon != std::string_view::npos;
  const Result<std::string> host = percent_decode(authority.substr(0, colon), "host");
  if (!host) return draft.refuse(host.error().message, host.error().hint);
  if (host->empty()) {
    return draft.refuse("the URL names no host", "write redis://HOST:PORT/DATABASE");
  }
  return draft.put("redis.host", *host).and_then([&] {
    return draft.put("redis.port", has_port ? authority.substr(colon + 1) : "6379");
  });
}

Result<void> apply_redis(UrlDraft& draft, const UrlParts& parts) {
  if (!parts.has_authority) {
    return draft.refuse("a redis URL begins with redis://", "write redis://HOST:PORT/DATABASE");
  }
  std::string_view database = parts.path;
  if (!database.empty()) database.remove_prefix(1);
  const auto is_database = [](const auto& parameter) { return parameter.first == "db"; };
  if (!database.empty() && std::ranges::any_of(parts.query, is_database)) {
    return draft.refuse("the URL names the database twice, in its path and as db", "drop one");
  }
  return draft.put("backend", "redis")
      .and_then([&] { return put_endpoint(draft, parts.authority); })
      .and_then([&] { return draft.put("redis.database", database.empty() ? "0" : database); })
      .and_then([&] { return draft.put_credentials(parts); })
      .and_then([&] { return draft.put_query(parts, redis_parameters); });
}

Result<void> apply_redis_unix(UrlDraft& draft, const UrlParts& parts) {
  if (!parts.has_authority || !parts.authority.empty() || parts.path.size() < 2) {
    return draft.refuse("a redis+unix URL names the path of a socket, no host",
                        "write redis+unix:///path/of/redis.sock?db=0");
  }
  return draft.put("backend", "redis")
      .and_then([&] { return draft.put("redis.unix_socket", parts.path); })
      .and_then([&] { return draft.put("redis.database", "0"); })
      .and_then([&] { return draft.put_credentials(parts); })
      .and_then([&] { return draft.put_query(parts, redis_parameters); });
}

constexpr std::array redis_schemes{UrlScheme{"redis", "redis://", apply_redis},
                                   UrlScheme{"redis+unix", "redis+unix://", apply_redis_unix}};

std::vector<std::string> redis_hosts(const Settings& settings) {
  return {settings.redis.unix_socket.empty() ? settings.redis.host : std::string()};
}

Result<void> complete_redis(Settings& settings) {
  settings.redis.operation_timeout = settings.operation_timeout;
  return settings.redis.password.empty() ? read_password_file(settings) : Result<void>();
}

std::unique_ptr<CacheBackend> make_redis(const Settings& settings) {
  return std::make_unique<RedisBackend>(settings.redis);
}

void advise_redis(const Settings& settings, std::vector<Finding>& found) {
  const RedisConfig& redis = settings.redis;
  if (!settings.production) return;
  if (!redis.unix_socket.empty()) return;  // Guarded by the permissions of the socket.
  if (!redis.password.empty() || !settings.redis_password_file.empty()) return;
  found.push_back({.what = "Redis without a password in a production profile",
                   .fix = "set requirepass or an ACL user on the server, and redis.password_file "
                          "or REDIS_PASSWORD here"});
}

void advise_on_redis_node(const NodeStats& node, std::vector<Finding>& found) {
  if (!node.max_bytes) {
    found.push_back({.what = fmt::format("{} has no maxmemory: it grows until the machine is full",
                                         node.endpoint),
                     .fix = "set maxmemory and a maxmemory-policy such as allkeys-lru"});
    return;
  }
  const auto policy =
      std::ranges::find(node.raw, "maxmemory_policy", [](const auto& row) { return row.first; });
  if (policy == node.raw.end() || policy->second != "noeviction") return;
  found.push_back(
      {.what = fmt::format("{} refuses writes when it is full (noeviction)", node.endpoint),
       .fix = "for a cache, set maxmemory-policy to allkeys-lru or allkeys-lfu"});
}

}  // namespace

constinit const BackendType redis_type{
    .facts = {.name = "redis",
              .tier = Tier::shared,
              .server_option = "redis.host",
              .pool_option = "redis.pool_size",
              .value_option = "redis.max_value"},
    .schemes = redis_schemes,
    .hosts = redis_hosts,
    .complete = complete_redis,
    .make = make_redis,
    .advise = advise_redis,
    .advise_on_node = advise_on_redis_node,
};

}  // namespace cachekit::config::backends
