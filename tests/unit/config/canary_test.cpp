#include "support.hpp"
#include "support/catch.hpp"

using namespace cachekit;
using namespace cachekit::test;

namespace {

constexpr std::string_view canary = "tweety-tweety";

void check_silent(const Result<Settings>& settings) {
  REQUIRE_FALSE(settings);
  INFO(all_text(settings.error()));
  CHECK(all_text(settings.error()).find("tweety") == std::string::npos);
}

std::string with_canary(std::string text) {
  const std::size_t at = text.find("CANARY");
  REQUIRE(at != std::string::npos);
  return text.replace(at, 6, canary);
}

}  // namespace

TEST_CASE("a password in a broken URL appears in no error", "[config]") {
  for (const char* url : {"redis://:CANARY@h:0",
                          "redis://ada:CANARY@h:99999",
                          "redis://ada:CANARY@h/x",
                          "redis://ada:CANARY@",
                          "redis://ada:CANARY@h?colour=red",
                          "redis://ada:CANARY@h?db",
                          "redis://ada:%zzCANARY@h",
                          "redis://ada:CANARY%2@h",
                          "redis://ada:CANARY@h#x",
                          "redis://ada:a/CANARY@h",
                          "redis://ada:CANARY/b@h",
                          "redis://ada:a?CANARY@h",
                          "redis://ada:a?x=CANARY@h",
                          "redis://ada:CANARY&b@h:x",
                          "redis://ada:a#CANARY@h",
                          "redis://ada:CANARY",
                          "redis://:CANARY",
                          "redis://ada:CANARY:6379",
                          "redis://a@b:CANARY@:x",
                          "redis:ada:CANARY@h",
                          "redis:/ada:CANARY@h",
                          "redis//ada:CANARY@h",
                          "ada:CANARY@h",
                          "CANARY@h",
                          "CANARY:h",
                          "CANARY",
                          ":CANARY@h",
                          "rediss://ada:CANARY@h",
                          "redis+sentinel://ada:CANARY@h/master",
                          "redis+unix://ada:CANARY@h/s",
                          "redis+unix://ada:CANARY@/s?db=x",
                          "redis+unix://ada:CANARY/s",
                          "http://ada:CANARY@h",
                          "memcached://ada:CANARY@h",
                          "memcached://ada:CANARY",
                          "memory://ada:CANARY@h/f",
                          "redis://ada:CANARY@[h",
                          "redis://ada:CANARY]@h:x",
                          "redis://h:CANARY/0",
                          "redis://h/CANARY"}) {
    INFO(url);
    check_silent(load_text("", {.url = with_canary(url)}));
  }
}

TEST_CASE("a password in a broken file appears in no error", "[config]") {
  for (const char* text :
       {"[profiles.dev.redis]\npassword = \"CANARY\"\nport = 0",
        "[profiles.dev.redis]\npassword = \"CANARY\"\nport = \"x\"",
        "[profiles.dev.redis]\npassword = \"CANARY\"\nhost = ",
        "[profiles.dev.redis]\npassword = \"CANARY\npool_size = 4",
        "[profiles.dev.redis]\npassword = CANARY",
        "[profiles.dev.redis]\npassword = 'CANARY' 'CANARY'",
        "[profiles.dev.redis]\npassword = \"\\qCANARY\"",
        "[profiles.dev.redis]\npassword = \"\"\"\nCANARY\n\"\"\"x",
        "[profiles.dev.redis]\npassword = [\"CANARY\"]",
        "[profiles.dev.redis]\npassword = { a = \"CANARY\" }",
        "[profiles.dev.redis]\npassword = \"CANARY\"\npassword = \"twice\"",
        "[profiles.dev.redis]\npasword = \"CANARY\"", "[profiles.dev]\npassword = \"CANARY\"",
        "password = \"CANARY\"", "[profiles.dev.redis]\nhost = \"redis://:CANARY@h\"",
        "[profiles.dev.memcached]\nservers = [\"user:CANARY@h\"]",
        "[profiles.dev.memcached]\nservers = \"user:CANARY\""}) {
    INFO(text);
    check_silent(load_text(with_canary(text)));
  }
  // A number is quoted by parsers that find it too large.
  const auto number =
      load_text("[profiles.dev.redis]\npassword = 77777777777777777777777777777777");
  REQUIRE_FALSE(number);
  CHECK(all_text(number.error()).find("7777") == std::string::npos);
}

TEST_CASE("a password in the environment appears in no error", "[config]") {
  const std::string password(canary);
  for (const auto& [name, value] : Variables{{"REDIS_PORT", "0"},
                                             {"REDIS_HOST", "redis://:" + password + "@h"},
                                             {"REDIS_DATABASE", password},
                                             {"REDIS_POOL_SIZE", "-1"},
                                             {"CACHEKIT_CONFIG", "/nowhere/c.toml"},
                                             {"CACHEKIT_PROFILE", "nope"},
                                             {"MEMCACHED_SERVERS", "u:" + password + "@h"}}) {
    const std::string backend = name == "MEMCACHED_SERVERS" ? "memcached" : "redis";
    const auto settings = load_settings(
        {.environment = environment_of(
             {{"CACHE_BACKEND", backend}, {"REDIS_PASSWORD", password}, {name, value}})});
    INFO(name);
    check_silent(settings);
  }
}

TEST_CASE("a password that was read is masked wherever options are shown", "[config]") {
  const Folder folder;
  const std::string file = folder.write("secret", canary).string();
  for (const Variables& variables : {Variables{{"REDIS_PASSWORD", std::string(canary)}},
                                     Variables{{"REDIS_PASSWORD_FILE", file}}}) {
    const auto settings = load_text("", {}, variables);
    REQUIRE(settings);
    CHECK(settings->redis.password.reveal() == canary);
    for (const Option& option : options()) {
      CHECK(option.get(*settings).find("tweety") == std::string::npos);
      if (option.key == "redis.password") CHECK(option.get(*settings) == "********");
    }
    for (const auto& [key, origin] : settings->origins) {
      CHECK(origin.find("tweety") == std::string::npos);
    }
    for (const Finding& advice : check_best_practices(*settings)) {
      CHECK((advice.what + advice.fix).find("tweety") == std::string::npos);
    }
  }
}

TEST_CASE("a backend made with a password shows it nowhere", "[config]") {
  const auto settings = load_text("", {.url = "redis://ada:" + std::string(canary) + "@h:1"});
  REQUIRE(settings);
  const auto backend = make_backend(*settings);
  REQUIRE(backend);
  CHECK((*backend)->target().find("tweety") == std::string::npos);
}
