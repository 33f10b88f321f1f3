#include "support/gate.hpp"
#include "support/servers.hpp"
#include "transfer/dumper.hpp"
#include "transfer/warmer.hpp"
#include "unit/cli/reading.hpp"

#include <cachekit/memcached.hpp>
#include <cachekit/redis.hpp>

#include <array>

#include <fmt/format.h>

using namespace cachekit;
using namespace cachekit::cli;
using namespace std::chrono_literals;
using cachekit::test::MemcachedServer;
using cachekit::test::RedisServer;

namespace {

constexpr std::uint64_t all = 3000;

std::string records() {
  std::string text;
  for (std::uint64_t i = 0; i < all; ++i) {
    text += fmt::format("{{\"key\":\"k{}\",\"value\":\"v{}\"}}\n", i, i);
  }
  return text;
}

// Loads all records; `event` happens once 1,500 of them are stored.
WarmResult warm(
    CacheBackend& backend, const WarmOptions& options, const std::function<void()>& event = [] {}) {
  const auto reader = make_reader(RecordFormat::ndjson, pieces_of(records(), 4096), {});
  bool happened = false;
  return Warmer(
             backend, *reader, options, [] { return false; },
             [&](const WarmTally& tally, std::uint64_t) {
               if (happened || tally.stored < all / 2) return;
               happened = true;
               event();
             })
      .run();
}

// How many of the records are there with their own value; a node that is down holds none.
std::uint64_t found(CacheBackend& backend) {
  std::uint64_t count = 0;
  for (std::uint64_t i = 0; i < all; ++i) {
    const auto value = backend.get(fmt::format("k{}", i));
    if (value && *value == fmt::format("v{}", i)) ++count;
  }
  return count;
}

RedisConfig config_of(const RedisServer& server) {
  return {.host = server.host(), .port = server.port()};
}

}  // namespace

TEST_CASE("a checkpoint that cannot be written stops a load before anything is stored",
          "[cli][warm][checkpoint]") {
  const test::TempDir folder;
  const RedisServer server;
  RedisBackend backend(config_of(server));
  WarmOptions options;
  options.checkpoint = folder / "no-such-folder" / "checkpoint";
  const WarmResult result = warm(backend, options);
  REQUIRE(result.error.has_value());
  CHECK(result.error->message.starts_with("cannot write the checkpoint"));
  CHECK(result.tally.stored == 0);
  CHECK(found(backend) == 0);
}

TEST_CASE("a Redis killed during warm: what was stored is counted right", "[cli][warm][faults]") {
  RedisServer server;
  RedisBackend backend(config_of(server));
  const WarmResult result = warm(backend, {}, [&] { server.kill(); });
  REQUIRE(result.error.has_value());
  CHECK((result.error->code == Errc::unavailable || result.error->code == Errc::outcome_unknown));
  CHECK(result.tally.stored == all / 2);
  CHECK(result.tally.failed + result.tally.unknown == 500);
}

TEST_CASE("after a Redis came back empty, a resumed warm stores everything",
          "[cli][warm][faults][checkpoint]") {
  const test::TempDir folder;
  RedisServer server;
  RedisBackend backend(config_of(server));
  WarmOptions options;
  options.checkpoint = folder / "warm.checkpoint";
  REQUIRE(warm(backend, options, [&] { server.kill(); }).error.has_value());
  REQUIRE(std::filesystem::exists(options.checkpoint));

  server.restart();
  const WarmResult again = warm(backend, options);
  CHECK_FALSE(again.error.has_value());
  CHECK(again.lost_checkpoint);
  CHECK(again.tally.stored == all);
  CHECK(found(backend) == all);
}

TEST_CASE("after a Redis hung and recovered, a resumed warm stores what is missing",
          "[cli][warm][faults][checkpoint]") {
  const test::TempDir folder;
  RedisServer server;
  RedisBackend backend(config_of(server));
  WarmOptions options;
  options.checkpoint = folder / "warm.checkpoint";
  options.batch_timeout = 200ms;
  const WarmResult broken = warm(backend, options, [&] { server.stop(); });
  REQUIRE(broken.error.has_value());
  CHECK(broken.tally.stored == all / 2);
  CHECK(broken.tally.unknown > 0);

  server.resume();
  const WarmResult rest = warm(backend, options);
  CHECK_FALSE(rest.error.has_value());
  CHECK_FALSE(rest.lost_checkpoint);
  CHECK(rest.tally.resumed == all / 2);
  CHECK(rest.tally.stored == all / 2);
  CHECK(found(backend) == all);
}

TEST_CASE("after one of three Memcached servers came back empty, a resumed warm stores everything",
          "[cli][warm][faults][checkpoint]") {
  const std::size_t lost = GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{2});
  CAPTURE(lost);
  const test::TempDir folder;
  std::array<MemcachedServer, 3> servers;
  MemcachedBackend backend(
      {.servers = {servers[0].endpoint(), servers[1].endpoint(), servers[2].endpoint()}});
  WarmOptions options;
  options.checkpoint = folder / "warm.checkpoint";
  static_cast<void>(warm(backend, options, [&] { servers.at(lost).kill(); }));
  REQUIRE(std::filesystem::exists(options.checkpoint));

  servers.at(lost).restart();
  REQUIRE(test::eventually([&] { return backend.ping().ok(); }));
  const WarmResult again = warm(backend, options);
  CHECK_FALSE(again.error.has_value());
  CHECK(again.lost_checkpoint);
  CHECK(found(backend) == all);
}

TEST_CASE("one of three Memcached servers killed during warm: the count is what the others hold",
          "[cli][warm][faults]") {
  MemcachedServer a;
  MemcachedServer b;
  MemcachedServer c;
  MemcachedBackend backend({.servers = {a.endpoint(), b.endpoint(), c.endpoint()}});
  std::uint64_t lost = 0;  // Stored on the server that then died.
  const WarmResult result = warm(backend, {}, [&] {
    REQUIRE(found(backend) == all / 2);
    b.kill();
    lost = all / 2 - found(backend);
  });
  REQUIRE(result.error.has_value());
  CHECK(lost > 0);
  CHECK(result.tally.stored > all / 2);
  CHECK(result.tally.failed + result.tally.unknown > 0);
  CHECK(result.tally.stored + result.tally.failed + result.tally.unknown == all / 2 + 500);
  CHECK(found(backend) == result.tally.stored - lost);
}

TEST_CASE("a dump of Redis counts keys of other types instead of dropping them", "[cli][dump]") {
  RedisServer server;
  RedisBackend backend(config_of(server));
  REQUIRE(backend.set("text", "v", {.ttl = 1h}));
  REQUIRE(backend.command({"RPUSH", "list", "a", "b"}));
  REQUIRE(backend.command({"HSET", "hash", "f", "v"}));
  std::string text;
  Dumper dumper(
      backend,
      [&](std::string_view lines) {
        text += lines;
        return true;
      },
      [] { return false; });
  const DumpResult result = dumper.run("*");
  CHECK_FALSE(result.error.has_value());
  CHECK(result.written == 1);
  CHECK(result.unreadable == 2);
  CHECK(result.left_out.count() == 2);
  CHECK(text.find("{\"key\":\"text\",\"value\":\"v\",\"ttl\":\"") == 0);
}

TEST_CASE("a dump of Memcached is unsupported", "[cli][dump]") {
  MemcachedServer server;
  MemcachedBackend backend({.servers = {server.endpoint()}});
  Dumper dumper(
      backend, [](std::string_view) { return true; }, [] { return false; });
  const DumpResult result = dumper.run("*");
  REQUIRE(result.error.has_value());
  CHECK(result.error->code == Errc::unsupported);
}
