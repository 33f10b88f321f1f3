#include "cli/run_cachekit.hpp"
#include "support/catch.hpp"
#include "support/servers.hpp"
#include "support/temp_dir.hpp"

#include <cachekit/redis.hpp>

#include <fmt/format.h>

using namespace cachekit::test;
using namespace std::chrono_literals;

TEST_CASE("dump piped into warm copies every byte and TTL", "[cli][dump][warm]") {
  const RedisServer from;
  const RedisServer to;
  cachekit::RedisBackend source({.host = from.host(), .port = from.port()});
  cachekit::RedisBackend copy({.host = to.host(), .port = to.port()});
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  REQUIRE(source.set(all, all));
  for (int i = 0; i < 256; ++i) {
    REQUIRE(
        source.set(fmt::format("byte {}", i), std::string(1, static_cast<char>(i)), {.ttl = 1h}));
  }

  const auto dumped = run_cachekit({"-u", from.url(), "dump"});
  CHECK(dumped.exit_code == 0);
  CHECK(dumped.err.empty());
  const auto warmed = run_cachekit({"-u", to.url(), "warm", "-"}, dumped.out);
  CHECK(warmed.exit_code == 0);
  CHECK(warmed.out.find("stored 257") == 0);
  CHECK(**copy.get(all) == all);
  CHECK(**copy.ttl(all) == cachekit::Ttl::none());
  for (int i = 0; i < 256; ++i) {
    const std::string key = fmt::format("byte {}", i);
    REQUIRE(**copy.get(key) == std::string(1, static_cast<char>(i)));
    REQUIRE((*copy.ttl(key))->duration() > 59min);
    REQUIRE((*copy.ttl(key))->duration() <= 1h);
  }
}

TEST_CASE("what can be read can be written: lives beyond ten years", "[cli][dump][warm][ttl]") {
  const RedisServer from;
  const RedisServer to;
  cachekit::RedisBackend source({.host = from.host(), .port = from.port()});
  cachekit::RedisBackend copy({.host = to.host(), .port = to.port()});
  const std::int64_t longest = cachekit::Ttl::max.count();
  for (const std::int64_t life :
       {longest - 1, longest, longest + 1, longest * 2, std::int64_t{9'000'000'000'000'000'000}}) {
    CAPTURE(life);
    REQUIRE(source.command({"SET", "k", "v", "PX", std::to_string(life)}));
    const auto told = source.ttl("k");
    REQUIRE(told.has_value());
    CHECK((*told)->duration() > cachekit::Ttl::max - 1min);
    CHECK(source.set("again", "v", {.ttl = **told}).has_value());

    const auto dumped = run_cachekit({"-u", from.url(), "dump", "--pattern", "k"});
    CHECK(dumped.exit_code == 0);
    const bool shortened = life > longest * 3 / 2;  // The others end a little earlier by now.
    if (shortened)
      CHECK(dumped.err.find("1 key was to live for more than 10 years") != std::string::npos);
    const auto warmed = run_cachekit({"-u", to.url(), "warm", "-"}, dumped.out);
    CHECK(warmed.exit_code == 0);
    CHECK((*copy.ttl("k"))->duration() > cachekit::Ttl::max - 1min);
    const auto said = run_cachekit({"-u", from.url(), "ttl", "k"});
    CHECK(said.exit_code == 0);
    if (shortened) CHECK(said.out == "3650d\n");
  }
}

TEST_CASE("dump of the memory backend leaves its snapshot as it is", "[cli][dump]") {
  const TempDir folder;
  const std::string url = "memory:" + (folder / "snapshot").string();
  REQUIRE(run_cachekit({"-u", url, "set", "user:1", "a"}).exit_code == 0);
  REQUIRE(run_cachekit({"-u", url, "set", "order:1", "b"}).exit_code == 0);
  const auto before = std::filesystem::last_write_time(folder / "snapshot");
  const auto dumped = run_cachekit({"-u", url, "dump", "--pattern", "user:*"});
  CHECK(dumped.exit_code == 0);
  CHECK(dumped.out == "{\"key\":\"user:1\",\"value\":\"a\"}\n");
  CHECK(std::filesystem::last_write_time(folder / "snapshot") == before);
}

TEST_CASE("dump names keys that hold something else and exits with 5", "[cli][dump]") {
  const RedisServer server;
  cachekit::RedisBackend backend({.host = server.host(), .port = server.port()});
  REQUIRE(backend.set("text", "v"));
  REQUIRE(backend.command({"RPUSH", "queue", "a"}));
  const auto dumped = run_cachekit({"-u", server.url(), "dump"});
  CHECK(dumped.exit_code == 5);
  CHECK(dumped.out == "{\"key\":\"text\",\"value\":\"v\"}\n");
  CHECK(dumped.err.find("left out 1 key: 'queue' (holds something else than a string)") !=
        std::string::npos);
}

TEST_CASE("dump of Memcached is exit 6 with a hint", "[cli][dump]") {
  const MemcachedServer server;
  const auto dumped = run_cachekit({"-u", server.url(), "dump"});
  CHECK(dumped.exit_code == 6);
  CHECK(dumped.out.empty());
  CHECK(dumped.err.find("\nhint: ") != std::string::npos);
}
