#include "config/apply.hpp"
#include "config/words.hpp"
#include "memcached/server_list.hpp"

#include <cachekit/config.hpp>

#include <array>
#include <thread>

#include <arpa/inet.h>
#include <fmt/format.h>

namespace cachekit {
namespace config {
namespace {

// Loopback by name or by address. Private ranges are not local: their traffic crosses a wire.
bool is_local(const std::string& host) {
  if (lower(host) == "localhost" || host == "::1") return true;
  in_addr address{};
  constexpr std::uint32_t loopback = 127;
  return inet_pton(AF_INET, host.c_str(), &address) == 1 &&
         ntohl(address.s_addr) >> 24U == loopback;
}

std::vector<std::string> distant_hosts(const Settings& settings) {
  std::vector<std::string> hosts;
  if (settings.backend == BackendKind::redis) {
    const RedisConfig& redis = settings.redis;
    if (redis.unix_socket.empty() && !is_local(redis.host)) hosts.push_back(redis.host);
  } else if (settings.backend == BackendKind::memcached) {
    const auto servers = memcached::parse_servers(settings.memcached.servers);
    if (!servers) return hosts;
    for (const memcached::Server& server : *servers) {
      const bool local = server.address.is_unix() || is_local(server.address.host);
      if (!local) hosts.push_back(server.address.host);
    }
  }
  return hosts;
}

void check_tier(const Settings& settings, std::vector<Advice>& found) {
  if (!settings.production || settings.backend != BackendKind::memory) return;
  found.push_back({.what = "in-process memory (Tier-1) in a production profile: every process has "
                           "a cache of its own",
                   .fix = "set backend to redis or memcached"});
}

void check_password(const Settings& settings, std::vector<Advice>& found) {
  const RedisConfig& redis = settings.redis;
  if (!settings.production || settings.backend != BackendKind::redis) return;
  if (!redis.unix_socket.empty()) return;  // Guarded by the permissions of the socket.
  if (!redis.password.empty() || !settings.redis_password_file.empty()) return;
  found.push_back({.what = "Redis without a password in a production profile",
                   .fix = "set requirepass or an ACL user on the server, and redis.password_file "
                          "or REDIS_PASSWORD here"});
}

void check_plain_text(const Settings& settings, std::vector<Advice>& found) {
  const std::vector<std::string> hosts = distant_hosts(settings);
  if (hosts.empty()) return;
  found.push_back({.what = fmt::format("plain text to a host that is not local: {}", joined(hosts)),
                   .fix = "reach it through a TLS tunnel or a private link that ends on this "
                          "machine; rediss:// is not yet supported"});
}

bool everybody_may_read(const std::filesystem::path& file) {
  std::error_code error;
  const auto permissions = std::filesystem::status(file, error).permissions();
  return !error &&
         (permissions & std::filesystem::perms::others_read) != std::filesystem::perms::none;
}

// A configuration file with the password in it, or the file that it names for it.
void check_secret_files(const Settings& settings, std::vector<Advice>& found) {
  const auto check = [&](const std::filesystem::path& file, std::string_view instead) {
    if (file.empty() || !everybody_may_read(file)) return;
    found.push_back(
        {.what = fmt::format("{} holds a password and every user of this machine may read it",
                             file.string()),
         .fix = fmt::format("chmod 600 {}{}", file.string(), instead)});
  };
  if (!settings.redis.password.empty()) {
    check(file_of_origin(origin_of(settings, "redis.password")), ", or use redis.password_file");
  }
  check(settings.redis_password_file, "");
}

// Naming a server only configures its backend; CACHE_BACKEND or a profile chooses it.
void check_unused_environment(const Settings& settings, std::vector<Advice>& found) {
  struct Server {
    BackendKind kind;
    std::string_view key;
    std::string_view variable;
  };
  constexpr std::array servers{
      Server{BackendKind::redis, "redis.host", "REDIS_HOST"},
      Server{BackendKind::memcached, "memcached.servers", "MEMCACHED_SERVERS"}};
  for (const Server& server : servers) {
    const bool named = origin_of(settings, server.key).starts_with("environment ");
    if (!named || settings.backend == server.kind) continue;
    found.push_back({.level = Advice::Level::note,
                     .what = fmt::format("{} is set, but the backend is {}", server.variable,
                                         to_string(settings.backend)),
                     .fix = fmt::format("set CACHE_BACKEND={} to use it", to_string(server.kind))});
  }
}

void check_pool(const Settings& settings, std::vector<Advice>& found) {
  if (settings.backend == BackendKind::memory) return;
  const bool redis = settings.backend == BackendKind::redis;
  const std::string_view key = redis ? "redis.pool_size" : "memcached.max_connections";
  const std::string_view origin = origin_of(settings, key);
  if (origin.empty() || origin == "default") return;  // Nobody chose it.
  constexpr std::size_t tolerance = 4;
  const std::size_t size = redis ? settings.redis.pool_size : settings.memcached.max_connections;
  const std::size_t advised = std::size_t{std::thread::hardware_concurrency()} * 2 + 1;
  if (size <= advised * tolerance && size * tolerance >= advised) return;
  found.push_back(
      {.level = Advice::Level::note,
       .what = fmt::format("{} is {}; (cores x 2) + 1 on this machine is {}", key, size, advised),
       .fix = fmt::format("start from {} and measure", advised)});
}

}  // namespace
}  // namespace config

std::vector<Advice> check_practice(const Settings& settings) {
  std::vector<Advice> found;
  config::check_tier(settings, found);
  config::check_password(settings, found);
  config::check_plain_text(settings, found);
  config::check_secret_files(settings, found);
  config::check_unused_environment(settings, found);
  config::check_pool(settings, found);
  return found;
}

}  // namespace cachekit
