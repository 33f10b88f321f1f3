#include "config/apply.hpp"
#include "config/backends/registry.hpp"
#include "config/option_table.hpp"
#include "config/text.hpp"

#include <cachekit/config.hpp>

#include <charconv>
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
  for (std::string& host : backends::type_of(settings.backend).hosts(settings)) {
    if (!host.empty() && !is_local(host)) hosts.push_back(std::move(host));
  }
  return hosts;
}

void check_plain_text(const Settings& settings, std::vector<Finding>& found) {
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
void check_secret_files(const Settings& settings, std::vector<Finding>& found) {
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
void check_unused_environment(const Settings& settings, std::vector<Finding>& found) {
  for (const backends::BackendType* type : backends::all()) {
    const BackendFacts& facts = type->facts;
    if (facts.server_option.empty() || facts.name == to_string(settings.backend)) continue;
    if (!origin_of(settings, facts.server_option).starts_with("environment ")) continue;
    found.push_back({.level = Finding::Level::note,
                     .what = fmt::format("{} is set, but the backend is {}",
                                         find_option(facts.server_option)->environment,
                                         to_string(settings.backend)),
                     .fix = fmt::format("set CACHE_BACKEND={} to use it", facts.name)});
  }
}

void check_pool(const Settings& settings, std::vector<Finding>& found) {
  const std::string_view key = facts_of(settings.backend).pool_option;
  const std::string_view origin = origin_of(settings, key);
  if (origin.empty() || origin == "default") return;  // Nobody chose it.
  constexpr std::size_t tolerance = 4;
  const std::string text = find_option(key)->get(settings);
  std::size_t size = 0;
  std::from_chars(text.data(), text.data() + text.size(), size);
  const std::size_t advised = std::size_t{std::thread::hardware_concurrency()} * 2 + 1;
  if (size <= advised * tolerance && size * tolerance >= advised) return;
  found.push_back(
      {.level = Finding::Level::note,
       .what = fmt::format("{} is {}; (cores x 2) + 1 on this machine is {}", key, size, advised),
       .fix = fmt::format("start from {} and measure", advised)});
}

}  // namespace
}  // namespace config

std::vector<Finding> check_best_practices(const Settings& settings) {
  std::vector<Finding> found;
  const config::backends::BackendType& type = config::backends::type_of(settings.backend);
  if (type.advise != nullptr) type.advise(settings, found);
  config::check_plain_text(settings, found);
  config::check_secret_files(settings, found);
  config::check_unused_environment(settings, found);
  config::check_pool(settings, found);
  return found;
}

std::vector<Finding> check_best_practices(const Settings& settings, const NodeStats& node) {
  std::vector<Finding> found;
  const config::backends::BackendType& type = config::backends::type_of(settings.backend);
  if (!node.error && type.advise_on_node != nullptr) type.advise_on_node(node, found);
  return found;
}

}  // namespace cachekit
