#include "cli/redis_target.hpp"
#include "cli/run_cachekit.hpp"
#include "support/catch.hpp"
#include "support/servers.hpp"
#include "support/temp_dir.hpp"

#include <cachekit/redis.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include <fmt/format.h>

using namespace cachekit;
using namespace cachekit::test;

namespace {

struct Server : RedisTarget {
  void fill(int count) {
    for (int i = 0; i < count; ++i) REQUIRE(backend.set(fmt::format("k{}", i), "v"));
  }
  std::int64_t size() { return backend.command({"DBSIZE"}).value().integer; }
};

std::ptrdiff_t lines_of(const std::string& text) { return std::ranges::count(text, '\n'); }

std::string record(const std::string& key, const std::string& value) {
  return fmt::format("{{\"key\":\"{}\",\"value\":\"{}\"}}\n", key, value);
}

// One hundred records; the eleventh and the last are longer than the server takes.
std::string with_two_too_long() {
  std::string text;
  for (int i = 0; i < 100; ++i) {
    const bool long_one = i == 10 || i == 99;
    text += record(fmt::format("p{}", i), std::string(long_one ? 2'000'000 : 5, 'x'));
  }
  return text;
}

}  // namespace

TEST_CASE("a key that cannot be read does not stop a dump", "[cli][dump][items]") {
  Server redis;
  redis.fill(1200);
  REQUIRE(redis.backend.command({"SET", "", "v"}));
  REQUIRE(redis.backend.command({"RPUSH", "list", "v"}));
  const auto dumped = run_cachekit({"-u", redis.url, "dump"});
  CHECK(dumped.exit_code == 5);
  CHECK(lines_of(dumped.out) == 1200);
  CHECK(dumped.err.find("left out 2 keys: ") != std::string::npos);
  CHECK(dumped.err.find("'' (") != std::string::npos);
  CHECK(dumped.err.find("'list' (holds something else than a string)") != std::string::npos);
  CHECK(dumped.err.find("\nhint: ") != std::string::npos);
}

TEST_CASE("a key whose value the server will not send is found, and the others are dumped",
          "[cli][dump][items]") {
  Server redis;
  redis.fill(700);
  REQUIRE(redis.backend.set("long", std::string(3'000'000, 'x')));
  REQUIRE(
      redis.backend.command({"CONFIG", "SET", "client-output-buffer-limit", "normal 1000000 0 0"}));
  const auto dumped = run_cachekit({"-u", redis.url, "--timeout", "5s", "dump"});
  CHECK(dumped.exit_code == 5);
  CHECK(lines_of(dumped.out) == 700);
  CHECK(dumped.err.find("left out 1 key: 'long' (the server closes the connection on it") !=
        std::string::npos);
}

TEST_CASE("a key that cannot be deleted does not stop del --pattern", "[cli][del][items]") {
  Server redis;
  redis.fill(1200);
  REQUIRE(redis.backend.command({"SET", "", "v"}));
  const auto listed = run_cachekit({"-u", redis.url, "keys"});
  CHECK(listed.exit_code == 0);
  CHECK(lines_of(listed.out) == 1201);
  const auto deleted = run_cachekit({"-u", redis.url, "del", "--pattern", "*", "--yes"});
  CHECK(deleted.exit_code == 5);
  CHECK(deleted.out == "1200\n");
  CHECK(deleted.err.find("could not delete 1 key: '' (") != std::string::npos);
  CHECK(redis.size() == 1);
}

TEST_CASE("del --pattern asks a server once that takes no write in time", "[cli][del][items]") {
  Server redis;
  redis.fill(30);
  REQUIRE(redis.backend.command({"CLIENT", "PAUSE", "60000", "WRITE"}));
  const auto deleted = run_cachekit(
      {"-u", redis.url, "--timeout", "300ms", "--json", "del", "--pattern", "k*", "--yes"});
  CHECK(deleted.exit_code == 4);
  CHECK(deleted.out.find("\"unknown\":30") != std::string::npos);
  CHECK(deleted.err.find("\"outcome_unknown\"") != std::string::npos);
  CHECK(deleted.err.find("closes the connection") == std::string::npos);
  REQUIRE(redis.backend.command({"CLIENT", "UNPAUSE"}));
}

TEST_CASE("a key on which the server closes the connection does not stop del --pattern",
          "[cli][del][items]") {
  Server redis;
  redis.fill(1200);
  const std::string long_key(2'000'000, 'K');
  REQUIRE(redis.backend.command({"SET", long_key, "v"}));
  REQUIRE(redis.backend.command({"CONFIG", "SET", "proto-max-bulk-len", "1048576"}));
  const auto deleted = run_cachekit({"-u", redis.url, "del", "--pattern", "*", "--yes"});
  CHECK(deleted.exit_code == 5);
  CHECK(deleted.out == "1200\n");
  CHECK(deleted.err.find("could not delete 1 key: 'KKK") != std::string::npos);
  CHECK(redis.size() == 1);
}

TEST_CASE("records that a server closes the connection on are found, and the others stored",
          "[cli][warm][items]") {
  Server redis;
  REQUIRE(redis.backend.command({"CONFIG", "SET", "proto-max-bulk-len", "1048576"}));
  for (const bool skip_existing : {false, true}) {
    INFO(skip_existing);
    REQUIRE(redis.backend.command({"FLUSHALL"}));
    std::vector<std::string> arguments{"-u", redis.url, "warm", "-"};
    if (skip_existing) arguments.emplace_back("--skip-existing");
    const auto warmed = run_cachekit(arguments, with_two_too_long());
    CHECK(warmed.exit_code == 1);
    CHECK(warmed.out.find("bad 2") != std::string::npos);
    CHECK(warmed.err.find("standard input:11: ") != std::string::npos);
    CHECK(warmed.err.find("standard input:100: ") != std::string::npos);
    CHECK(redis.size() == 98);
    if (!skip_existing) CHECK(warmed.out.find("stored 98, skipped 0, bad 2") == 0);
  }
}

TEST_CASE("a checkpoint gets past a record that the server closes the connection on",
          "[cli][warm][items][checkpoint]") {
  const TempDir folder;
  Server redis;
  REQUIRE(redis.backend.command({"CONFIG", "SET", "proto-max-bulk-len", "1048576"}));
  const std::string checkpoint = (folder / "progress").string();
  const auto warm = [&](const std::string& input) {
    return run_cachekit(
        {"-u", redis.url, "warm", "-", "--checkpoint", checkpoint, "--max-errors", "2"}, input);
  };
  std::string records = with_two_too_long() + "bad\n";
  for (int i = 0; i < 1000; ++i) records += record(fmt::format("rest{}", i), "v");
  const auto stopped = warm(records);
  CHECK(stopped.err.find("more than 2 bad records") != std::string::npos);
  CHECK(stopped.err.find("\nhint: mend the input, or raise --max-errors; then run the same command "
                         "again: it resumes from ") != std::string::npos);
  CHECK(stopped.exit_code == 1);
  REQUIRE(std::filesystem::exists(checkpoint));
  const auto resumed = warm(records);
  CHECK(resumed.exit_code == 1);
  CHECK(resumed.out.find("stored 600, skipped 0, bad 0, done before 501 (3 of them bad)") == 0);
  CHECK(redis.size() == 98 + 1000);
}

TEST_CASE("keys that an ACL forbids are named, and the others stored", "[cli][warm][items]") {
  Server redis;
  REQUIRE(redis.backend.command(
      {"ACL", "SETUSER", "default", "resetkeys", "~ok:*", "on", "nopass", "+@all"}));
  const auto warmed =
      run_cachekit({"-u", redis.url, "warm", "-"},
                   record("ok:1", "a") + record("secret", "b") + record("ok:2", "c"));
  CHECK(warmed.exit_code == 1);
  CHECK(warmed.out.find("stored 2, skipped 0, bad 1") == 0);
  CHECK(warmed.err.find("standard input:2: NOPERM") != std::string::npos);
}

TEST_CASE("keys that an ACL keeps from being read or deleted are met with what helps",
          "[cli][del][dump][items]") {
  Server redis;
  redis.fill(3);
  REQUIRE(redis.backend.command(
      {"ACL", "SETUSER", "default", "resetkeys", "~ok:*", "on", "nopass", "+@all"}));
  const auto deleted = run_cachekit({"-u", redis.url, "del", "--pattern", "*", "--yes"});
  CHECK(deleted.exit_code == 5);
  CHECK(deleted.err.find("hint: grant the ACL user") != std::string::npos);
  const auto dumped = run_cachekit({"-u", redis.url, "dump"});
  CHECK(dumped.exit_code == 5);
  CHECK(dumped.err.find("grant the ACL user") != std::string::npos);
}

TEST_CASE("a server that takes nothing stops the load", "[cli][warm][items]") {
  Server redis;
  REQUIRE(redis.backend.command({"CONFIG", "SET", "maxmemory", "1"}));
  std::string text;
  for (int i = 0; i < 2000; ++i) text += record(fmt::format("k{}", i), "v");
  const auto warmed = run_cachekit({"-u", redis.url, "warm", "-"}, text);
  CHECK(warmed.exit_code == 5);
  CHECK(warmed.out.find("stored 0, skipped 0, bad 0, not stored 500") == 0);
}

TEST_CASE("a value above the usual limit of a Memcached goes whole where the server takes it",
          "[cli][set][warm][items]") {
  const MemcachedServer server({.item_size = "4m"});
  const TempDir folder;
  const std::string value(3'000'000, 'v');
  std::ofstream(folder / "value") << value;
  std::ofstream(folder / "records") << record("warmed", value);
  REQUIRE(run_cachekit({"-u", server.url(), "set", "k", "--file", (folder / "value").string()})
              .exit_code == 0);
  CHECK(run_cachekit({"-u", server.url(), "get", "k"}).out == value);
  REQUIRE(run_cachekit({"-u", server.url(), "warm", (folder / "records").string()}).exit_code == 0);
  CHECK(run_cachekit({"-u", server.url(), "get", "warmed"}).out == value);
  const auto refused = run_cachekit(
      {"-u", server.url() + "?max_value=1MiB", "set", "k", "--file", (folder / "value").string()});
  CHECK(refused.exit_code == 5);
}
