#include "support.hpp"
#include "support/catch.hpp"

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

// No file: the search path of this environment leads nowhere.
Result<Settings> load(SettingsRequest request = {}, Variables variables = {}) {
  return load_text("", std::move(request), std::move(variables));
}

constexpr std::string_view file_with_profiles = R"(
default_profile = "staging"

[profiles.staging]
backend = "redis"
operation_timeout = "250ms"

[profiles.staging.redis]
host = "staging.example"
port = 7001

[profiles.prod.redis]
host = "prod.example"
)";

}  // namespace

TEST_CASE("without file and environment the profile is dev: memory with a snapshot", "[config]") {
  const auto settings = load({}, {{"HOME", "/home/ada"}});
  REQUIRE(settings);
  CHECK(settings->profile == "dev");
  CHECK(settings->backend == BackendKind::memory);
  CHECK(settings->memory.snapshot_file == "/home/ada/.local/state/cachekit/dev.snapshot");
  CHECK_FALSE(settings->production);
  CHECK(settings->operation_timeout == 500ms);
  CHECK(settings->origins.at("memory.snapshot_file") == "profile dev");
  CHECK(settings->origins.at("redis.port") == "default");
  CHECK(settings->origins.at("profile") == "default");
}

TEST_CASE("the dev snapshot follows XDG_STATE_HOME, and is off without a home", "[config]") {
  CHECK(load({}, {{"HOME", "/h"}, {"XDG_STATE_HOME", "/state"}})->memory.snapshot_file ==
        "/state/cachekit/dev.snapshot");
  CHECK(load({}, {{"HOME", "/h"}, {"XDG_STATE_HOME", "relative"}})->memory.snapshot_file ==
        "/h/.local/state/cachekit/dev.snapshot");
  CHECK(load()->memory.snapshot_file.empty());
}

TEST_CASE("test is plain memory, prod is Redis in production", "[config]") {
  const auto test = load({.profile = "test"}, {{"HOME", "/h"}});
  CHECK(test->backend == BackendKind::memory);
  CHECK(test->memory.snapshot_file.empty());
  const auto prod = load({.profile = "prod"});
  CHECK(prod->backend == BackendKind::redis);
  CHECK(prod->production);
  CHECK(prod->redis.host == "localhost");
}

TEST_CASE("the profile comes from the request, CACHEKIT_PROFILE, the file, dev", "[config]") {
  CHECK(load_text(file_with_profiles)->profile == "staging");
  CHECK(load_text(file_with_profiles, {}, {{"CACHEKIT_PROFILE", "prod"}})->profile == "prod");
  const auto asked =
      load_text(file_with_profiles, {.profile = "test"}, {{"CACHEKIT_PROFILE", "prod"}});
  CHECK(asked->profile == "test");
  CHECK(asked->origins.at("profile") == "option");
}

TEST_CASE("a file's profile is laid over the built-in one of that name", "[config]") {
  const auto settings = load_text(file_with_profiles, {.profile = "prod"});
  REQUIRE(settings);
  CHECK(settings->redis.host == "prod.example");
  CHECK(settings->production);
  CHECK(settings->origins.at("production") == "profile prod");
  CHECK(settings->origins.at("redis.host").find("cachekit.toml:13") != std::string::npos);
}

TEST_CASE("environment beats file, URL beats environment, option beats URL", "[config]") {
  const Variables variables{{"REDIS_HOST", "env.example"}, {"REDIS_PORT", "7002"}};
  const auto from_file = load_text(file_with_profiles);
  CHECK(from_file->redis.host == "staging.example");
  CHECK(from_file->redis.port == 7001);

  const auto from_environment = load_text(file_with_profiles, {}, variables);
  CHECK(from_environment->redis.host == "env.example");
  CHECK(from_environment->redis.port == 7002);
  CHECK(from_environment->origins.at("redis.port") == "environment REDIS_PORT");
  CHECK(from_environment->operation_timeout == 250ms);

  const SettingsRequest with_url{.url = "redis://url.example:7003"};
  const auto from_url = load_text(file_with_profiles, with_url, variables);
  CHECK(from_url->redis.host == "url.example");
  CHECK(from_url->redis.port == 7003);
  CHECK(from_url->origins.at("redis.host") == "--url");

  const SettingsRequest with_option{.url = "redis://url.example:7003",
                                    .options = {{"redis.port", "7004"}}};
  const auto from_option = load_text(file_with_profiles, with_option, variables);
  CHECK(from_option->redis.host == "url.example");
  CHECK(from_option->redis.port == 7004);
  CHECK(from_option->origins.at("redis.port") == "option");
}

TEST_CASE("REDIS_HOST alone configures Redis and does not choose it", "[config]") {
  const auto settings = load({}, {{"REDIS_HOST", "cache.example"}});
  CHECK(settings->backend == BackendKind::memory);
  CHECK(settings->redis.host == "cache.example");
}

TEST_CASE("CACHE_BACKEND beats a profile that nobody named outright", "[config]") {
  CHECK(load({}, {{"CACHE_BACKEND", "redis"}})->backend == BackendKind::redis);
  CHECK(load_text(file_with_profiles, {}, {{"CACHE_BACKEND", "memory"}})->backend ==
        BackendKind::memory);
  CHECK(load({}, {{"CACHE_BACKEND", "memory"}, {"CACHEKIT_PROFILE", "prod"}})->backend ==
        BackendKind::memory);
}

TEST_CASE("a profile that is named outright beats CACHE_BACKEND, and --url beats both",
          "[config]") {
  const Variables variables{{"CACHE_BACKEND", "memory"}, {"REDIS_HOST", "env.example"}};
  const auto prod = load({.profile = "prod"}, variables);
  CHECK(prod->backend == BackendKind::redis);
  CHECK(prod->redis.host == "env.example");
  CHECK(load({.profile = "prod", .url = "memcached://m:1"}, variables)->backend ==
        BackendKind::memcached);
  const auto silent =
      load_text("[profiles.open]\nproduction = true", {.profile = "open"}, variables);
  REQUIRE(silent);
  CHECK(silent->backend == BackendKind::memory);
  CHECK(silent->origins.at("backend") == "environment CACHE_BACKEND");
}

TEST_CASE("a profile of the user's own must name a backend", "[config]") {
  const auto settings = load_text("[profiles.open.redis]\nhost = \"h\"", {.profile = "open"});
  REQUIRE_FALSE(settings);
  CHECK(settings.error().message.find("cachekit.toml:1: profile 'open': backend is missing") !=
        std::string::npos);
}

TEST_CASE("an empty variable that has a say is refused, never the default", "[config]") {
  const Variables redis{{"CACHE_BACKEND", "redis"}};
  for (const char* name :
       {"CACHE_BACKEND", "CACHEKIT_PROFILE", "CACHEKIT_CONFIG", "REDIS_HOST", "REDIS_PORT"}) {
    INFO(name);
    Variables variables = redis;
    variables.insert_or_assign(name, "");
    const auto settings = load_settings({.environment = environment_of(variables)});
    REQUIRE_FALSE(settings);
    CHECK(settings.error().message == "environment " + std::string(name) + ": it is empty");
    CHECK_FALSE(settings.error().hint.empty());
  }
  CHECK(load({}, {{"REDIS_PORT", ""}, {"MEMCACHED_SERVERS", ""}}));
  CHECK(load({.profile = "test"}, {{"CACHEKIT_PROFILE", ""}, {"CACHE_BACKEND", ""}}));
}

TEST_CASE("an empty credential counts as unset", "[config]") {
  const auto settings = load_text(
      "[profiles.dev]\nbackend = \"redis\"\n[profiles.dev.redis]\n"
      "username = \"ada\"\npassword = \"pw\"",
      {}, {{"REDIS_PASSWORD", ""}, {"REDIS_USERNAME", ""}});
  REQUIRE(settings);
  CHECK(settings->redis.password.reveal() == "pw");
  CHECK(settings->redis.username == "ada");
}

TEST_CASE("a variable that the chosen backend does not use is passed over", "[config]") {
  const std::string service = "tcp://10.0.0.1:6379";  // Kubernetes, for a Service named redis.
  const Variables variables{{"REDIS_PORT", service},
                            {"REDIS_DATABASE", "none"},
                            {"REDIS_PASSWORD_FILE", "/nowhere/secret"},
                            {"MEMCACHED_SERVERS", "::"}};
  CHECK(load({}, variables)->backend == BackendKind::memory);
  CHECK(load({.url = "memory:"}, variables)->backend == BackendKind::memory);
  CHECK(load({.url = "memcached://m:1"}, variables)->memcached.servers ==
        std::vector<std::string>{"m:1"});
  CHECK(backend_from_environment(environment_of({{"REDIS_PORT", service}})));
}

TEST_CASE("a variable that a URL or an option overrides is passed over", "[config]") {
  const Variables variables{{"CACHE_BACKEND", "oracle"}, {"REDIS_PORT", "tcp://10.0.0.1:6379"}};
  const auto by_url = load({.url = "redis://h/2"}, variables);
  REQUIRE(by_url);
  CHECK(by_url->redis.port == 6379);
  CHECK(by_url->redis.database == 2);
  const auto by_option = load({.profile = "prod", .options = {{"redis.port", "7"}}}, variables);
  REQUIRE(by_option);
  CHECK(by_option->redis.port == 7);
  CHECK(load({.url = "redis+unix:///s"}, variables));
  CHECK(load({.url = "redis://h?pool_size=2"}, {{"REDIS_POOL_SIZE", "many"}})->redis.pool_size ==
        2);
  CHECK(load({.url = "memcached://h?max_connections=3"}, {{"MEMCACHED_POOL_SIZE", "many"}}));
  CHECK(load({.profile = "prod", .options = {{"redis.unix_socket", "/s"}}}, variables));
}

TEST_CASE("a variable that is used is refused with its name and value", "[config]") {
  const Variables variables{{"REDIS_PORT", "tcp://10.0.0.1:6379"}};
  const auto settings = load({.profile = "prod"}, variables);
  REQUIRE_FALSE(settings);
  CHECK(settings.error().message ==
        "environment REDIS_PORT: redis.port: expected a number from 1 to 65535, not "
        "'tcp://10.0.0.1:6379'");
  CHECK(settings.error().hint.find("REDIS_PORT") != std::string::npos);
  CHECK_FALSE(load({.url = "redis://h"}, {{"REDIS_POOL_SIZE", "many"}}));
  CHECK_FALSE(load({}, {{"CACHE_BACKEND", "redis"}, {"REDIS_DATABASE", "none"}}));
}

TEST_CASE("an option that is refused is named with its value, unless that may be a secret",
          "[config]") {
  const auto refused = [](const std::string& key, const std::string& text) {
    return load({.options = {{key, text}}}).error().message;
  };
  CHECK(refused("redis.port", "x") ==
        "option: redis.port: expected a number from 1 to 65535, not 'x'");
  CHECK(refused("redis.port", "user:c4nary@host").find("c4nary") == std::string::npos);
}

TEST_CASE("a budget of nothing is refused without a spelling of its own", "[config]") {
  const auto refused = load({.operation_timeout = std::chrono::milliseconds(0)});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message ==
        "--timeout: operation_timeout: expected more than zero; no limit is spelled forever");
}

TEST_CASE("every variable of the seed arrives in its option", "[config]") {
  const auto settings = load({}, {{"CACHE_BACKEND", "memcached"},
                                  {"REDIS_HOST", "r"},
                                  {"REDIS_PORT", "1"},
                                  {"REDIS_USERNAME", "ada"},
                                  {"REDIS_PASSWORD", "pw"},
                                  {"REDIS_DATABASE", "3"},
                                  {"REDIS_POOL_SIZE", "4"},
                                  {"MEMCACHED_SERVERS", "a, b:2,[::1]:3"},
                                  {"MEMCACHED_POOL_SIZE", "5"}});
  REQUIRE(settings);
  CHECK(settings->backend == BackendKind::memcached);
  CHECK(settings->redis.host == "r");
  CHECK(settings->redis.port == 1);
  CHECK(settings->redis.username == "ada");
  CHECK(settings->redis.password.reveal() == "pw");
  CHECK(settings->redis.database == 3);
  CHECK(settings->redis.pool_size == 4);
  CHECK(settings->memcached.servers == std::vector<std::string>{"a", "b:2", "[::1]:3"});
  CHECK(settings->memcached.max_connections == 5);
}

TEST_CASE("a variable that is no value names itself and what was expected", "[config]") {
  const auto settings = load({.profile = "prod"}, {{"REDIS_PORT", "70000"}});
  REQUIRE_FALSE(settings);
  CHECK(settings.error().message ==
        "environment REDIS_PORT: redis.port: expected a number from 1 to 65535, not '70000'");
}

TEST_CASE("a host of higher precedence is not lost to a socket of lower precedence", "[config]") {
  constexpr std::string_view text = R"(
[profiles.dev.redis]
host = "file.example"
unix_socket = "/run/redis.sock")";
  CHECK(load_text(text)->redis.unix_socket == "/run/redis.sock");
  const auto settings = load_text(text, {}, {{"REDIS_HOST", "env.example"}});
  CHECK(settings->redis.unix_socket.empty());
  CHECK(settings->origins.at("redis.unix_socket") == "default");
}

TEST_CASE("a small bound on connections lowers the default minimum, not one asked for",
          "[config]") {
  const auto lowered = load({}, {{"MEMCACHED_POOL_SIZE", "1"}});
  CHECK(lowered->memcached.min_connections == 1);
  const auto asked =
      load({.options = {{"memcached.min_connections", "3"}}}, {{"MEMCACHED_POOL_SIZE", "1"}});
  CHECK(asked->memcached.min_connections == 3);
}

TEST_CASE("a budget of zero or less is refused, forever is spelled out", "[config]") {
  for (const auto timeout : {0ms, -1ms}) {
    const auto settings = load({.operation_timeout = timeout});
    REQUIRE_FALSE(settings);
    CHECK(settings.error().message.find("--timeout: operation_timeout: expected") == 0);
  }
  CHECK(load({.operation_timeout = forever})->operation_timeout == forever);
  CHECK(load({.operation_timeout = 750ms})->operation_timeout == 750ms);
  const auto written = load({.options = {{"redis.connection_timeout", "forever"}}});
  CHECK(written->redis.connection_timeout == forever);
}

TEST_CASE("an unknown profile is refused with the ones there are", "[config]") {
  const auto settings = load_text(file_with_profiles, {.profile = "stagin"});
  REQUIRE_FALSE(settings);
  CHECK(settings.error().message.find("unknown profile 'stagin'") != std::string::npos);
  CHECK(settings.error().message.find("dev, test, prod, staging") != std::string::npos);
  CHECK(settings.error().hint == "did you mean staging?");
}

TEST_CASE("the search path is in order, and a named file is never passed over", "[config]") {
  const auto environment = environment_of({{"HOME", "/h"}, {"CACHEKIT_CONFIG", "/nowhere/c.toml"}});
  const std::vector<std::filesystem::path> expected{"/nowhere/c.toml", "cachekit.toml",
                                                    "/h/.config/cachekit/config.toml",
                                                    "/etc/cachekit/config.toml"};
  CHECK(config_search_path(environment) == expected);
  CHECK(config_search_path(environment_of({{"HOME", "/h"}, {"XDG_CONFIG_HOME", "/x"}}))[1] ==
        "/x/cachekit/config.toml");
  CHECK(find_config_file(environment) == "/nowhere/c.toml");
  const auto settings = load_settings({.environment = environment});
  REQUIRE_FALSE(settings);
  CHECK(settings.error().message == "configuration file /nowhere/c.toml: no such file");
}

TEST_CASE("a file under XDG_CONFIG_HOME is found", "[config]") {
  const Folder folder;
  std::filesystem::create_directories(folder.path() / "cachekit");
  const auto file = folder.write("cachekit/config.toml", "default_profile = \"test\"");
  const auto environment = environment_of({{"XDG_CONFIG_HOME", folder.path().string()}});
  CHECK(find_config_file(environment) == file);
  CHECK(load_settings({.environment = environment})->profile == "test");
}

TEST_CASE("profile_names gives the built-in ones and those of the file", "[config]") {
  const Folder folder;
  const auto file = folder.write("c.toml", file_with_profiles);
  const auto names = profile_names({.file = file, .environment = environment_of({})});
  REQUIRE(names);
  CHECK(*names == std::vector<std::string>{"dev", "test", "prod", "staging"});
}

TEST_CASE("a leading ~ in a path is the home folder", "[config]") {
  constexpr std::string_view text = "[profiles.dev.memory]\nsnapshot_file = \"~/c.snapshot\"";
  CHECK(load_text(text, {}, {{"HOME", "/h"}})->memory.snapshot_file == "/h/c.snapshot");
  CHECK(load({.url = "memory:~/u.snapshot"}, {{"HOME", "/h"}})->memory.snapshot_file ==
        "/h/u.snapshot");
  const auto homeless = load_text(text);
  REQUIRE_FALSE(homeless);
  CHECK(homeless.error().message.find("HOME is not set") != std::string::npos);
  CHECK_FALSE(load({.url = "memory:~bob/u.snapshot"}, {{"HOME", "/h"}}));
}

TEST_CASE("a home that is no absolute path is none", "[config]") {
  CHECK(load({}, {{"HOME", "relative"}})->memory.snapshot_file.empty());
}
