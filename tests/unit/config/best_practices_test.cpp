#include "support.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <thread>

using namespace cachekit;
using namespace cachekit::test;

namespace {

bool advises(const Settings& settings, std::string_view words,
             Finding::Level level = Finding::Level::warning) {
  const std::vector<Finding> found = check_best_practices(settings);
  return std::ranges::any_of(found, [&](const Finding& advice) {
    return advice.what.find(words) != std::string::npos && advice.level == level &&
           !advice.fix.empty();
  });
}

Settings redis_at(std::string host) {
  Settings settings{.backend = BackendKind::redis};
  settings.redis.host = std::move(host);
  return settings;
}

}  // namespace

TEST_CASE("settings for development on this machine get no advice", "[config]") {
  CHECK(check_best_practices(Settings{}).empty());
  CHECK(check_best_practices(redis_at("localhost")).empty());
}

TEST_CASE("in-process memory in production is warned about", "[config]") {
  CHECK(advises({.production = true}, "Tier-1"));
  CHECK_FALSE(advises({.production = false}, "Tier-1"));
}

TEST_CASE("Redis without a password in production is warned about", "[config]") {
  Settings settings = redis_at("localhost");
  CHECK_FALSE(advises(settings, "without a password"));
  settings.production = true;
  CHECK(advises(settings, "without a password"));
  settings.redis.password = "pw";
  CHECK_FALSE(advises(settings, "without a password"));
  settings.redis.password = {};
  settings.redis_password_file = "/run/secret";
  CHECK_FALSE(advises(settings, "without a password"));
}

TEST_CASE("plain text to a host that is not local is warned about", "[config]") {
  for (const char* host : {"localhost", "LocalHost", "127.0.0.1", "127.8.9.10", "::1"}) {
    CAPTURE(host);
    CHECK_FALSE(advises(redis_at(host), "plain text"));
  }
  for (const char* host : {"10.0.0.1", "192.168.1.1", "cache.example", "127.evil.example", "::2"}) {
    CAPTURE(host);
    CHECK(advises(redis_at(host), "plain text"));
  }
  Settings socket = redis_at("cache.example");
  socket.redis.unix_socket = "/run/redis.sock";
  CHECK_FALSE(advises(socket, "plain text"));

  Settings memcached{.backend = BackendKind::memcached};
  memcached.memcached.servers = {"localhost:1", "[::1]:2", "/run/mc.sock"};
  CHECK_FALSE(advises(memcached, "plain text"));
  memcached.memcached.servers.emplace_back("cache.example:3");
  CHECK(advises(memcached, "cache.example"));
}

TEST_CASE("a password in a file that others may read is warned about", "[config]") {
  const Folder folder;
  const auto file = folder.write("c.toml", "[profiles.prod.redis]\npassword = \"pw\"");
  using std::filesystem::perms;
  const auto settings =
      load_settings({.profile = "prod", .file = file, .environment = environment_of({})});
  REQUIRE(settings);
  std::filesystem::permissions(file, perms::owner_read | perms::others_read);
  CHECK(advises(*settings, "every user of this machine"));
  std::filesystem::permissions(file, perms::owner_read);
  CHECK_FALSE(advises(*settings, "every user of this machine"));
}

TEST_CASE("so is a file that holds nothing else", "[config]") {
  const Folder folder;
  const auto secret = folder.write("secret", "pw");
  using std::filesystem::perms;
  Settings settings = redis_at("localhost");
  REQUIRE(set_option(settings, "redis.password_file", secret.string(), "a test"));
  std::filesystem::permissions(secret, perms::owner_read | perms::others_read);
  CHECK(advises(settings, "every user of this machine"));
  std::filesystem::permissions(secret, perms::owner_read);
  CHECK_FALSE(advises(settings, "every user of this machine"));
}

TEST_CASE("servers that the environment names and nobody uses are noted", "[config]") {
  const auto settings = load_text("", {}, {{"REDIS_HOST", "cache.example"}});
  CHECK(advises(*settings, "REDIS_HOST is set, but the backend is memory", Finding::Level::note));
  const auto used = load_text("", {}, {{"REDIS_HOST", "r"}, {"CACHE_BACKEND", "redis"}});
  CHECK_FALSE(advises(*used, "REDIS_HOST is set", Finding::Level::note));
}

TEST_CASE("a pool that is out of proportion is noted", "[config]") {
  Settings settings = redis_at("localhost");
  REQUIRE(set_option(settings, "redis.pool_size", "9999", "a test"));
  CHECK(advises(settings, "redis.pool_size is 9999", Finding::Level::note));
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  REQUIRE(set_option(settings, "redis.pool_size", std::to_string(cores * 2 + 1), "a test"));
  CHECK(check_best_practices(settings).empty());
}
