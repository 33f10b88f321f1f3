#include "support.hpp"
#include "support/catch.hpp"

using namespace cachekit;
using namespace cachekit::test;

namespace {

Settings applied(std::string_view url) {
  Settings settings;
  const Result<void> done = apply_url(settings, url);
  INFO(url);
  if (!done) FAIL(done.error().message);
  return settings;
}

Error refused(std::string_view url) {
  Settings settings;
  const Result<void> done = apply_url(settings, url);
  INFO(url);
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Errc::invalid_argument);
  CHECK(done.error().message.starts_with("--url: "));
  return done.error();
}

}  // namespace

TEST_CASE("memory URLs name a snapshot or none", "[config]") {
  CHECK(applied("memory:").backend == BackendKind::memory);
  CHECK(applied("memory:").memory.snapshot_file.empty());
  CHECK(applied("memory:data/c.snapshot").memory.snapshot_file == "data/c.snapshot");
  CHECK(applied("memory:///var/c.snapshot").memory.snapshot_file == "/var/c.snapshot");
  CHECK(applied("memory:a%20b%3Fc").memory.snapshot_file == "a b?c");
  const Settings settings = applied("memory:/tmp/c?capacity=1GiB&shards=4&snapshot_read_only=true");
  CHECK(settings.memory.snapshot_file == "/tmp/c");
  CHECK(settings.memory.capacity == gibibytes(1));
  CHECK(settings.memory.shards == 4);
  const Settings bounded = applied("memory:?max_entries=1000&policy=lru");
  CHECK(bounded.memory.max_entries == 1000);
  CHECK(bounded.memory.policy == EvictionPolicy::lru);
  CHECK(settings.memory.snapshot_read_only);
}

TEST_CASE("memory: drops the snapshot of the profile", "[config]") {
  Settings settings;
  settings.memory.snapshot_file = "/home/ada/dev.snapshot";
  REQUIRE(apply_url(settings, "memory:"));
  CHECK(settings.memory.snapshot_file.empty());
}

TEST_CASE("redis URLs name host, port, database, user and password", "[config]") {
  const Settings full = applied("REDIS://ada:s%40cret%2F@cache.example:6380/3");
  CHECK(full.backend == BackendKind::redis);
  CHECK(full.redis.host == "cache.example");
  CHECK(full.redis.port == 6380);
  CHECK(full.redis.database == 3);
  CHECK(full.redis.username == "ada");
  CHECK(full.redis.password.reveal() == "s@cret/");
  CHECK(full.origins.at("redis.host") == "--url");

  const Settings bare = applied("redis://h");
  CHECK(bare.redis.port == 6379);
  CHECK(bare.redis.database == 0);
  CHECK(applied("redis://h/").redis.database == 0);
  CHECK(applied("redis://:pw@h").redis.password.reveal() == "pw");
  CHECK(applied("redis://:pw@h").redis.username.empty());
  CHECK(applied("redis://h?db=2&pool_size=4").redis.pool_size == 4);
}

TEST_CASE("a database that stands in the path and as a parameter is refused", "[config]") {
  CHECK(refused("redis://h/1?db=2").message.find("database twice") != std::string::npos);
  CHECK(refused("redis://h/1?db=1").hint == "drop one");
  CHECK(applied("redis://h/?db=2").redis.database == 2);
}

TEST_CASE("IPv6 addresses stand in brackets", "[config]") {
  CHECK(applied("redis://[::1]:6390").redis.host == "::1");
  CHECK(applied("redis://[::1]:6390").redis.port == 6390);
  CHECK(applied("redis://[2001:db8::7]").redis.host == "2001:db8::7");
  CHECK(applied("redis://[fe80::1%25eth0]").redis.host == "fe80::1%eth0");
  refused("redis://::1:6390");
  refused("redis://[::1");
  refused("redis://[not-one]:1");
}

TEST_CASE("redis+unix URLs name a socket", "[config]") {
  const Settings settings = applied("redis+unix://ada:pw@/run/redis.sock?db=2");
  CHECK(settings.redis.unix_socket == "/run/redis.sock");
  CHECK(settings.redis.database == 2);
  CHECK(settings.redis.username == "ada");
  CHECK(applied("redis+unix:///tmp/a@b.sock").redis.unix_socket == "/tmp/a@b.sock");
  refused("redis+unix://");
  refused("redis+unix://host/path");
  refused("redis+unix:/run/redis.sock");
}

TEST_CASE("a redis URL replaces a socket of the settings", "[config]") {
  Settings settings;
  settings.redis.unix_socket = "/run/redis.sock";
  REQUIRE(apply_url(settings, "redis://h"));
  CHECK(settings.redis.unix_socket.empty());
}

TEST_CASE("memcached URLs name one server or many", "[config]") {
  using Servers = std::vector<std::string>;
  CHECK(applied("memcached://a:1").memcached.servers == Servers{"a:1"});
  CHECK(applied("memcached://a,b:2:5,[::1]:3/").memcached.servers ==
        Servers{"a", "b:2:5", "[::1]:3"});
  CHECK(applied("memcached:///run/mc.sock").memcached.servers == Servers{"/run/mc.sock"});
  CHECK(applied("memcached://a?max_connections=3").memcached.max_connections == 3);
  for (const char* url :
       {"memcached://", "memcached:///", "memcached:a:1", "memcached://a/b", "memcached://a:0",
        "memcached://a:70000", "memcached://a,,b", "memcached://a,a", "memcached://user:pw@a"}) {
    refused(url);
  }
}

TEST_CASE("TLS, cluster and sentinel URLs are refused as not yet supported", "[config]") {
  for (const std::string scheme :
       {"rediss", "redis+cluster", "rediss+cluster", "redis+sentinel", "REDISS"}) {
    const Error error = refused(scheme + "://h:6379");
    CHECK(error.message.find("not yet supported") != std::string::npos);
  }
}

TEST_CASE("an unknown scheme is refused with the known ones", "[config]") {
  CHECK(refused("http://h").message.find("unknown scheme 'http'") != std::string::npos);
  for (const char* url :
       {"http://h", "localhost:6379", "localhost", "", ":", "//h", "redi s://h"}) {
    CHECK(refused(url).hint.find("redis://") != std::string::npos);
  }
}

TEST_CASE("whatever is wrong in a URL is named", "[config]") {
  const auto names = [](std::string_view url, std::string_view part) {
    const Error error = refused(url);
    INFO(error.message);
    CHECK(error.message.find(part) != std::string::npos);
  };
  names("redis:h", "redis://");
  names("redis://", "no host");
  names("redis://:6379", "no host");
  names("redis://h:0", "redis.port: expected a number from 1 to 65535, not '0'");
  names("redis://h:70000", "redis.port");
  names("redis://h:", "redis.port");
  names("redis://h/x", "redis.database");
  names("redis://h/0/1", "redis.database");
  names("redis://h/-1", "redis.database");
  names("redis://h%zz", "%");
  names("redis://u%4@h", "user name");
  names("redis://h#x", "#");
  names("redis://h?colour=red", "unknown query parameter 'colour'");
  names("redis://h?db", "NAME=VALUE");
  names("redis://h?db=1&db=2", "twice");
  names("redis://h?pool_size=0", "redis.pool_size");
  names("redis://h?connection_timeout=0s", "redis.connection_timeout: expected more than zero");
  names("memory://host/file", "no host");
  names("memory:f?capacity=much", "memory.capacity");
  CHECK(refused("redis://h?pool_sise=4").hint == "did you mean pool_size?");
}

TEST_CASE("a URL that is refused leaves the settings as they were", "[config]") {
  Settings settings;
  CHECK_FALSE(apply_url(settings, "redis://other.example:7000/1?colour=red"));
  CHECK(settings.backend == BackendKind::memory);
  CHECK(settings.redis.host == "localhost");
  CHECK(settings.origins.empty());
}

TEST_CASE("credentials of a file are not sent to the host of a URL", "[config]") {
  constexpr std::string_view text = R"(
[profiles.prod.redis]
username = "file-user"
password = "of-the-file")";
  const SettingsRequest request{.profile = "prod", .url = "redis://other.example"};
  const auto dropped = load_text(text, request);
  REQUIRE(dropped);
  CHECK(dropped->redis.password.empty());
  CHECK(dropped->redis.username.empty());
  const auto kept = load_text(text, request, {{"REDIS_PASSWORD", "of-the-environment"}});
  CHECK(kept->redis.password.reveal() == "of-the-environment");
}

TEST_CASE("has_password tells whether a URL carries one", "[config]") {
  CHECK(has_password("redis://:pw@h"));
  CHECK(has_password("redis://u:p/w@h"));
  CHECK(has_password("redis+unix://u:pw@/s"));
  CHECK_FALSE(has_password("redis://u@h:6379"));
  CHECK_FALSE(has_password("redis://h:6379"));
  CHECK_FALSE(has_password("redis://u:@h"));
  CHECK_FALSE(has_password("memory:a@b"));
}
