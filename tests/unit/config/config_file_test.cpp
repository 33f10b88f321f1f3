#include "support.hpp"
#include "support/catch.hpp"

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

struct Mistake {
  std::string text;
  std::string_view place;     ///< After the file's path.
  std::string_view expected;  ///< A part of the rest of the message.
};

void check(const Mistake& mistake) {
  const auto settings = load_text(mistake.text);
  INFO(mistake.text.substr(0, 300));
  REQUIRE_FALSE(settings);
  const std::string& message = settings.error().message;
  INFO(message);
  CHECK(settings.error().code == Errc::invalid_argument);
  CHECK(message.find("cachekit.toml" + std::string(mistake.place)) != std::string::npos);
  CHECK(message.find(mistake.expected) != std::string::npos);
}

}  // namespace

TEST_CASE("a profile's tables set every kind of option", "[config]") {
  const auto settings = load_text(R"(
default_profile = "mine"
[profiles.mine]
backend = "memcached"
production = true
operation_timeout = "1s"
memory = { capacity = 1048576, shards = 2 }
redis.port = 6380
[profiles.mine.memcached]
servers = ["a:11211", "b:11211:2"]
max_connections = 20
connection_timeout = "forever"
max_value = "2MiB"
)");
  REQUIRE(settings);
  CHECK(settings->backend == BackendKind::memcached);
  CHECK(settings->production);
  CHECK(settings->operation_timeout == 1s);
  CHECK(settings->memory.capacity == mebibytes(1));
  CHECK(settings->redis.port == 6380);
  CHECK(settings->memcached.servers == std::vector<std::string>{"a:11211", "b:11211:2"});
  CHECK(settings->memcached.max_connections == 20);
  CHECK(settings->memcached.connection_timeout == forever);
  CHECK(settings->memcached.max_value == mebibytes(2));
  CHECK(settings->origins.at("memcached.max_connections").ends_with("cachekit.toml:11"));
}

TEST_CASE("a list of servers may be text with commas", "[config]") {
  const auto settings = load_text("[profiles.dev]\nmemcached.servers = \"a, b:2\"");
  REQUIRE(settings);
  CHECK(settings->memcached.servers == std::vector<std::string>{"a", "b:2"});
}

TEST_CASE("an unknown key is refused with its line and the one that was meant", "[config]") {
  check({"[profiles.dev.redis]\npool_sise = 4", ":2: profiles.dev.redis.pool_sise",
         "unknown option"});
  CHECK(load_text("[profiles.dev.redis]\npool_sise = 4").error().hint ==
        "did you mean redis.pool_size?");
  CHECK(load_text("[profiles.dev]\nport = 4").error().hint == "did you mean redis.port?");
  CHECK(load_text("[profiles.dev.redis]\noperation_timeout = \"1s\"").error().hint ==
        "did you mean operation_timeout?");
  check({"[profiles.dev.radis]\nhost = \"h\"", ":1: profiles.dev.radis", "unknown option"});
  check({"[profiles.dev.redis.deep]\nhost = \"h\"", ":1: profiles.dev.redis.deep", "unknown"});
  check({"\nbackend = \"redis\"", ":2: 'backend'", "unknown key"});
  CHECK(load_text("default_profil = \"dev\"").error().hint == "did you mean default_profile?");
}

TEST_CASE("a wrong type is refused with its line, its key and what was expected", "[config]") {
  check({"[profiles.dev.redis]\nport = \"6379\"", ":2: profiles.dev.redis.port",
         "expected a whole number without quotes, found text"});
  check({"[profiles.dev.redis]\nport = 6379.5", ":2: profiles.dev.redis.port", "found a fraction"});
  check({"[profiles.dev.redis]\nhost = 7", ":2: profiles.dev.redis.host", "text in quotes"});
  check({"[profiles.dev]\nproduction = \"yes\"", ":2: profiles.dev.production", "true or false"});
  check({"[profiles.dev]\noperation_timeout = 500", ":2: profiles.dev.operation_timeout",
         "expected a duration in quotes"});
  check({"[profiles.dev.memcached]\nservers = [1]", ":2: profiles.dev.memcached.servers",
         "expected a list"});
  check({"[profiles.dev]\nredis = \"h\"", ":2: profiles.dev.redis", "expected a table"});
  check({"[profiles]\ndev = 1", ":2: profiles.dev", "expected a table"});
  check({"profiles = 1", ":1: profiles", "expected tables"});
  check({"default_profile = 1", ":1: default_profile", "expected a profile's name"});
  check({"[profiles.dev.redis]\npassword = 1979-05-27", ":2: profiles.dev.redis.password",
         "found a date or time"});
}

TEST_CASE("an impossible value is refused with its line and what was expected", "[config]") {
  const std::string port = "expected a number from 1 to 65535";
  check({"[profiles.dev.redis]\nport = 0", ":2: redis.port", port});
  check({"[profiles.dev.redis]\nport = 70000", ":2: redis.port", port});
  check({"[profiles.dev.redis]\nport = -1", ":2: redis.port", "not '-1'"});
  check({"[profiles.dev.redis]\npool_size = 0", ":2: redis.pool_size", "from 1 to"});
  check({"[profiles.dev.redis]\ndatabase = -3", ":2: redis.database", "from 0 to"});
  check({"[profiles.dev.redis]\nhost = \"\"", ":2: redis.host", "a host name"});
  check({"[profiles.dev.redis]\nhost = \"h:6379\"", ":2: redis.host", "without user, port"});
  check({"[profiles.dev.redis]\nclient_name = \"a b\"", ":2: redis.client_name", "without blanks"});
  check({"[profiles.dev]\noperation_timeout = \"0s\"", ":2: operation_timeout", "more than zero"});
  check({"[profiles.dev]\noperation_timeout = \"-1s\"", ":2: operation_timeout", "a duration"});
  check({"[profiles.dev.redis]\nconnection_timeout = \"0ms\"", ":2: redis.connection_timeout",
         "forever"});
  check({"[profiles.dev]\nbackend = \"riak\"", ":2: backend", "memory, redis or memcached"});
  check({"[profiles.dev.memory]\ncapacity = 0", ":2: memory.capacity", "a size from 1KiB"});
  check({"[profiles.dev.memory]\ncapacity = -5", ":2: memory.capacity", "expected a size"});
  check({"[profiles.dev.memcached]\nservers = [\"a\", \"b:0\"]", ":2: memcached.servers",
         "server number 2 as host"});
}

TEST_CASE("a mistake in a profile that is not used is told as well", "[config]") {
  check({"[profiles.prod.redis]\nport = 0", ":2: redis.port", "expected"});
}

TEST_CASE("what stands twice is refused", "[config]") {
  check({"[profiles.dev.redis]\nport = 1\nport = 2", ":3: not valid TOML: defined twice", "port"});
  check({"[profiles.dev]\n[profiles.dev]\n", ":2: not valid TOML: defined twice", "dev"});
}

TEST_CASE("broken TOML is refused with its line", "[config]") {
  check({"[profiles.dev\n", ":1: not valid TOML", ""});
  check({"default_profile = \"dev", ":1: not valid TOML", ""});
  check({"\n\n[profiles.dev.redis]\nhost = h", ":4: not valid TOML", ""});
  check({"a = \"\xff\"", ":1: not valid TOML", ""});
  check({std::string("a = 1\0", 6), ":1: not valid TOML", ""});
}

TEST_CASE("nesting that is too deep is refused, however it is written", "[config]") {
  const auto repeated = [](std::string_view part, std::size_t times) {
    std::string out;
    for (std::size_t i = 0; i < times; ++i) out += part;
    return out;
  };
  constexpr std::size_t deep = 40'000;
  const std::string key = repeated("a.", deep) + "a = 1";
  check({"a = 1\n[" + repeated("a.", deep) + "a]", ":2: ", "dots"});
  check({key, ":1: ", "dots"});
  check({repeated(R"("=#\"[".'"[,'.)", deep) + key, ":1: ", "dots"});
  check({repeated(R"('=#".[,'.)", deep) + key, ":1: ", "dots"});
  check({"a = \"\"\"\n\\\"\"\"\"\"\n" + key, ":3: ", "dots"});
  check({"a = '''\n\"'''''\n" + key, ":3: ", "dots"});
  check({"a = " + repeated("[", deep), ":1: ", "not valid TOML"});
  check({"a = " + repeated("{a=", deep), ":1: ", "not valid TOML"});
}

TEST_CASE("dots in text and comments do not count as nesting", "[config]") {
  const std::string dots(5'000, '.');
  CHECK(load_text("# " + dots + "\n[profiles.dev.redis]\nusername = \"" + dots + "\""));
}

TEST_CASE("default_profile must be a profile that is there", "[config]") {
  check({"\ndefault_profile = \"nope\"", ":2: unknown profile 'nope'", "dev, test, prod"});
}

TEST_CASE("a file that cannot be read is an error that names it", "[config]") {
  const Folder folder;
  const auto load = [](const std::filesystem::path& file) {
    const auto settings = load_settings({.file = file, .environment = environment_of({})});
    REQUIRE_FALSE(settings);
    CHECK(settings.error().message.find(file.string()) != std::string::npos);
    return settings.error().message;
  };
  CHECK(load(folder.path() / "missing.toml").find("no such file") != std::string::npos);
  CHECK(load(folder.path()).find("is a directory") != std::string::npos);
  const auto loop = folder.path() / "loop.toml";
  std::filesystem::create_symlink(loop, loop);
  load(loop);
  const auto huge = folder.write("huge.toml", std::string(2U << 20U, '#'));
  CHECK(load(huge).find("larger than 1MiB") != std::string::npos);
}

TEST_CASE("the password may stand in a file of its own", "[config]") {
  const Folder folder;
  const std::string secret = folder.write("secret", "s3cret\r\nsecond line\n").string();
  const std::string text = "[profiles.prod.redis]\npassword_file = \"" + secret + "\"";
  const auto settings = load_text(text, {.profile = "prod"});
  REQUIRE(settings);
  CHECK(settings->redis.password.reveal() == "s3cret");
  CHECK(settings->origins.at("redis.password_file").ends_with("cachekit.toml:2"));
  const auto other = load_text(text, {.profile = "prod"}, {{"REDIS_PASSWORD", "other"}});
  CHECK(other->redis.password.reveal() == "other");
  CHECK(other->redis_password_file.empty());
}

TEST_CASE("a password file that cannot be used is an error that names it and its origin",
          "[config]") {
  const Folder folder;
  const std::string empty = folder.write("empty", "\n").string();
  for (const std::string& file : {empty, folder.path().string(), std::string("/nowhere/secret")}) {
    const auto settings = load_text("[profiles.dev.redis]\npassword_file = \"" + file + "\"");
    REQUIRE_FALSE(settings);
    CHECK(settings.error().message.find("cachekit.toml:2: redis.password_file: " + file) !=
          std::string::npos);
  }
  const auto unused = load_text("[profiles.prod.redis]\npassword_file = \"/nowhere/secret\"");
  CHECK(unused);
}
