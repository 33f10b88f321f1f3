// Memcached, as configuration sees it.

#include "config/apply.hpp"
#include "config/backends/types.hpp"
#include "memcached/server_list.hpp"

#include <array>

#include <fmt/format.h>

namespace cachekit::config::backends {
namespace {

constexpr std::array memcached_parameters{
    UrlParameter{"max_connections", "memcached.max_connections"},
    UrlParameter{"min_connections", "memcached.min_connections"},
    UrlParameter{"connection_timeout", "memcached.connection_timeout"},
    UrlParameter{"max_value", "memcached.max_value"},
    UrlParameter{"operation_timeout", "operation_timeout"},
};

Result<void> apply_memcached(UrlDraft& draft, const UrlParts& parts) {
  constexpr std::string_view form = "write memcached://HOST:PORT,HOST:PORT";
  if (parts.username || parts.password) {
    return draft.refuse("a memcached URL takes no user and no password", std::string(form));
  }
  if (parts.authority.empty() && parts.path.size() <= 1) {
    return draft.refuse("a memcached URL names at least one server", std::string(form));
  }
  const bool socket = parts.authority.empty() && parts.path.size() > 1;
  if (!parts.has_authority || (!socket && parts.path.size() > 1)) {
    return draft.refuse("a memcached URL names servers and nothing after them", std::string(form));
  }
  const Result<std::string> servers =
      socket ? parts.path : percent_decode(parts.authority, "servers");
  if (!servers) return draft.refuse(servers.error().message, servers.error().hint);
  return draft.put("backend", "memcached")
      .and_then([&] { return draft.put("memcached.servers", *servers); })
      .and_then([&] { return draft.put_query(parts, memcached_parameters); });
}

constexpr std::array memcached_schemes{UrlScheme{"memcached", "memcached://", apply_memcached}};

std::vector<std::string> memcached_hosts(const Settings& settings) {
  std::vector<std::string> hosts;
  const auto servers = memcached::parse_servers(settings.memcached.servers);
  if (!servers) return hosts;
  for (const memcached::Server& server : *servers) hosts.push_back(server.address.host);
  return hosts;
}

Result<void> complete_memcached(Settings& settings) {
  MemcachedConfig& memcached = settings.memcached;
  memcached.operation_timeout = settings.operation_timeout;
  if (memcached.servers.empty()) {
    return fail(
        Errc::invalid_argument,
        fmt::format("{}: expected at least one server", place_of(settings, "memcached.servers")),
        {}, "set MEMCACHED_SERVERS=host:11211, or servers under [profiles.NAME.memcached]");
  }
  if (memcached.min_connections > memcached.max_connections) {
    return fail(Errc::invalid_argument,
                fmt::format("{}: expected at most max_connections, which is {}, not {}",
                            place_of(settings, "memcached.min_connections"),
                            memcached.max_connections, memcached.min_connections));
  }
  return {};
}

std::unique_ptr<CacheBackend> make_memcached(const Settings& settings) {
  return std::make_unique<MemcachedBackend>(settings.memcached);
}

}  // namespace

constinit const BackendType memcached_type{
    .facts = {.name = "memcached",
              .tier = Tier::shared,
              .server_option = "memcached.servers",
              .pool_option = "memcached.max_connections",
              .value_option = "memcached.max_value"},
    .schemes = memcached_schemes,
    .hosts = memcached_hosts,
    .complete = complete_memcached,
    .make = make_memcached,
};

}  // namespace cachekit::config::backends
