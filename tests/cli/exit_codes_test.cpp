#include "cli/run_cachekit.hpp"
#include "cli/targets.hpp"
#include "support/black_hole.hpp"
#include "support/catch.hpp"
#include "support/loopback.hpp"

#include <algorithm>
#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace cachekit::test;
using nlohmann::json;

namespace {

// Two lines: what and why, then what to do.
void check_failure(const CommandResult& result, int exit_code, const std::string& says) {
  INFO("stderr: " << result.err);
  CHECK(result.exit_code == exit_code);
  CHECK(result.out.empty());
  CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 2);
  CHECK(result.err.find("cachekit: ") == 0);
  CHECK(result.err.find("\nhint: ") != std::string::npos);
  CHECK(result.err.find(says) != std::string::npos);
}

std::string write_config(const TempDir& folder, const std::string& text) {
  const auto file = folder / "cachekit.toml";
  std::ofstream(file) << text;
  return file.string();
}

}  // namespace

TEST_CASE("exit 0 and 1 are a hit and a miss", "[cli][exit]") {
  const TempDir folder;
  const std::string url = "memory:" + (folder / "snapshot").string();
  CHECK(run_cachekit({"-u", url, "set", "k", "v"}).exit_code == 0);
  CHECK(run_cachekit({"-u", url, "get", "k"}).exit_code == 0);
  CHECK(run_cachekit({"-u", url, "get", "no"}).exit_code == 1);
}

TEST_CASE("exit 2 is a wrong command line, in two lines", "[cli][exit]") {
  check_failure(run_cachekit({}), 2, "a command");
  check_failure(run_cachekit({"get"}), 2, "KEY");
  check_failure(run_cachekit({"nonsense"}), 2, "there is no command 'nonsense'");
  check_failure(run_cachekit({"--timeout", "0s", "get", "k"}), 2, "--timeout");
  check_failure(run_cachekit({"--nonsense", "get", "k"}), 2, "--nonsense");
  check_failure(run_cachekit({"get", "k", "--nonsense"}), 2, "--nonsense");
  check_failure(run_cachekit({"set", "k"}), 2, "VALUE");
  check_failure(run_cachekit({"set", "k", "v", "--nx", "--xx"}), 2, "--nx");
  check_failure(run_cachekit({"set", "k", "v", "--ttl", "5"}), 2, "--ttl");
  check_failure(run_cachekit({"set", "k", "v", "--ttl", "0s"}), 2, "--ttl");
  check_failure(run_cachekit({"set", "k", "v", "--ttl", "11000d"}), 2, "--ttl");
  check_failure(run_cachekit({"set", "k", "--file", "/nonexistent"}), 2, "/nonexistent");
  check_failure(run_cachekit({"touch", "k"}), 2, "--ttl");
  check_failure(run_cachekit({"incr", "k", "many"}), 2, "many");
  check_failure(run_cachekit({"incr", "k", "9223372036854775808"}), 2, "9223372036854775808");
  check_failure(run_cachekit({"del"}), 2, "--pattern");
  check_failure(run_cachekit({"del", "k", "--dry-run"}), 2, "--pattern");
  check_failure(run_cachekit({"keys", "--limit", "0"}), 2, "at least 1");
  check_failure(run_cachekit({"ping", "-n", "0"}), 2, "at least 1");
  check_failure(run_cachekit({"stats", "--format", "xml"}), 2, "--format");
  check_failure(run_cachekit({"--color", "maybe", "get", "k"}), 2, "--color");
  check_failure(run_cachekit({"--timeout", "soon", "get", "k"}), 2, "--timeout");
  check_failure(run_cachekit({"-o", "redis.port", "get", "k"}), 2, "KEY=VALUE");
  check_failure(run_cachekit({"help", "nonsense"}), 2, "nonsense");
  check_failure(run_cachekit({"-u", "memory:", "get", ""}), 2, "KEY");
}

TEST_CASE("exit 3 is a wrong configuration, and names the place", "[cli][exit][config]") {
  const TempDir folder;
  const std::string file = write_config(folder, "[profiles.x]\nbackend = \"redis\"\nport = [\n");
  check_failure(run_cachekit({"-c", file, "get", "k"}), 3, file);
  const std::string unknown = write_config(folder, "[profiles.x.redis]\nprot = 1\n");
  check_failure(run_cachekit({"-c", unknown, "-p", "x", "get", "k"}), 3, unknown + ":2");
  check_failure(run_cachekit({"-c", "/nonexistent.toml", "get", "k"}), 3, "/nonexistent.toml");
  check_failure(run_cachekit({"-p", "nonsense", "get", "k"}), 3, "nonsense");
  check_failure(run_cachekit({"get", "k"}, "", {{"CACHEKIT_PROFILE", "nope"}}), 3, "nope");
  check_failure(run_cachekit({"get", "k"}, "", {{"CACHE_BACKEND", "oracle"}}), 3, "CACHE_BACKEND");
  check_failure(run_cachekit({"-u", "http://localhost", "get", "k"}), 3, "http");
  check_failure(run_cachekit({"-u", "redis://localhost:99999", "get", "k"}), 3, "99999");
  check_failure(run_cachekit({"-u", "memcached://", "get", "k"}), 3, "memcached");
  check_failure(run_cachekit({"-o", "redis.prot=1", "get", "k"}), 3, "redis.prot");
  check_failure(run_cachekit({"-o", "operation_timeout=0s", "get", "k"}), 3, "operation_timeout");
}

TEST_CASE("URLs of what is not there yet are refused, never a plain connection instead",
          "[cli][exit][config]") {
  for (const std::string url : {"rediss://h:1", "redis+cluster://h:1,h:2", "rediss+cluster://h:1",
                                "redis+sentinel://h:1/master"}) {
    INFO(url);
    check_failure(run_cachekit({"-u", url, "get", "k"}), 3, "not yet");
  }
}

TEST_CASE("exit 4 is a server out of reach, in two lines", "[cli][exit]") {
  const ReservedPort nobody;
  const std::string at = fmt::format("127.0.0.1:{}", nobody.number());
  check_failure(run_cachekit({"-u", "redis://" + at, "get", "k"}), 4, at);
  check_failure(run_cachekit({"-u", "memcached://" + at, "get", "k"}), 4, at);
  check_failure(
      run_cachekit({"-p", "prod", "-q", "set", "k", "v"}, "",
                   {{"REDIS_HOST", "127.0.0.1"}, {"REDIS_PORT", std::to_string(nobody.number())}}),
      4, at);
}

TEST_CASE("a prod profile that nothing answers is exit 4, after a word on the missing password",
          "[cli][exit][profiles]") {
  const ReservedPort nobody;
  const auto result =
      run_cachekit({"-p", "prod", "get", "k"}, "",
                   {{"REDIS_HOST", "127.0.0.1"}, {"REDIS_PORT", std::to_string(nobody.number())}});
  CHECK(result.exit_code == 4);
  CHECK(result.err.find("cachekit: warning: ") == 0);
  CHECK(result.err.find("password") != std::string::npos);
}

TEST_CASE("exit 4 is a server that hangs, too", "[cli][exit]") {
  RedisServer server;
  server.stop();
  const auto result = run_cachekit({"-u", server.url(), "-o", "redis.connection_timeout=300ms",
                                    "--timeout", "200ms", "get", "k"});
  server.resume();
  check_failure(result, 4, server.endpoint());
}

TEST_CASE("exit 4 is a lone Memcached server that hangs, within the budget to connect",
          "[cli][exit]") {
  MemcachedServer server;
  server.stop();
  const auto result =
      run_cachekit({"-u", server.url(), "-o", "memcached.connection_timeout=300ms", "get", "k"});
  server.resume();
  check_failure(result, 4, server.endpoint());
}

TEST_CASE("exit 4 names the one node of three that is down; the others still answer",
          "[cli][exit]") {
  Targets targets;
  for (int i = 0; i < 30; ++i) {
    REQUIRE(
        run_cachekit({"-u", targets.memcached(), "set", fmt::format("k{}", i), "v"}).exit_code ==
        0);
  }
  targets.one_memcached().kill();
  std::vector<std::string> command{"-u", targets.memcached(), "get"};
  for (int i = 0; i < 30; ++i) command.push_back(fmt::format("k{}", i));
  const auto result = run_cachekit(command);
  CHECK(result.exit_code == 4);
  const auto lines = std::count(result.out.begin(), result.out.end(), '\n');
  CHECK(lines > 0);
  CHECK(lines < 30);
  CHECK(result.err.find(targets.one_memcached().endpoint()) != std::string::npos);
  CHECK(result.err.find("not found") == std::string::npos);
}

TEST_CASE("a node of three that hangs costs the keys of the others nothing", "[cli][exit]") {
  Targets targets;
  const auto key = [](int i) { return fmt::format("k{}", i); };
  for (int i = 0; i < 30; ++i) {
    REQUIRE(run_cachekit({"-u", targets.memcached(), "set", key(i), "v"}).exit_code == 0);
  }
  targets.one_memcached().stop();
  int served = 0;
  int failed = 0;
  for (int i = 0; i < 30; ++i) {
    // To connect to all of them would take a day.
    const CommandResult got = run_cachekit({"-u", targets.memcached(), "--timeout", "300ms", "-o",
                                            "memcached.connection_timeout=1d", "get", key(i)});
    if (got.exit_code == 0) {
      ++served;
    } else {
      ++failed;
      CHECK(got.exit_code == 4);
      CHECK(got.err.find(targets.one_memcached().endpoint()) != std::string::npos);
    }
  }
  CHECK(served > 0);
  CHECK(failed > 0);
  targets.one_memcached().resume();
}

TEST_CASE("exit 5 is a write to a snapshot that is not written", "[cli][exit]") {
  const TempDir folder;
  const std::string url = "memory:" + (folder / "snapshot").string();
  REQUIRE(run_cachekit({"-u", url, "set", "k", "1"}).exit_code == 0);
  const std::string kept = url + "?snapshot_read_only=true";
  check_failure(run_cachekit({"-u", kept, "set", "k", "2"}), 5, "snapshot_read_only");
  check_failure(run_cachekit({"-u", kept, "incr", "k"}), 5, "snapshot_read_only");
  check_failure(run_cachekit({"-u", kept, "del", "k"}), 5, "snapshot_read_only");
  CHECK(run_cachekit({"-u", kept, "get", "k"}).out == "1");
}

TEST_CASE("exit 5 is a server that says no", "[cli][exit]") {
  const RedisServer locked({.password = "right"});
  check_failure(run_cachekit({"-u", "redis://" + locked.endpoint(), "get", "k"}), 5,
                locked.endpoint());
  check_failure(run_cachekit({"-u", "redis://" + locked.endpoint(), "get", "k"}, "",
                             {{"REDIS_PASSWORD", "wrong"}}),
                5, locked.endpoint());
  CHECK(run_cachekit({"-u", "redis://" + locked.endpoint(), "get", "k"}, "",
                     {{"REDIS_PASSWORD", "right"}})
            .exit_code == 1);
  const Targets targets;
  targets.each([](const std::string& url) {
    INFO(url);
    REQUIRE(run_cachekit({"-u", url, "set", "word", "abc"}).exit_code == 0);
    check_failure(run_cachekit({"-u", url, "incr", "word"}), 5, "incr word");
  });
}

TEST_CASE("exit 5 is a value over the limit, and no older value stays", "[cli][exit]") {
  const Targets targets;
  for (const std::string& url : {targets.memory(), targets.memcached()}) {
    INFO(url);
    REQUIRE(run_cachekit({"-u", url, "set", "big", "old"}).exit_code == 0);
    check_failure(run_cachekit({"-u", url, "--timeout", "1m", "set", "big", "-"},
                               std::string(12 << 20U, 'x')),
                  5, "set big");
    CHECK(run_cachekit({"-u", url, "get", "big"}).exit_code == 1);
  }
}

TEST_CASE("exit 5 is an entry that --decode cannot read", "[cli][exit][get]") {
  const Targets targets;
  REQUIRE(run_cachekit({"-u", targets.redis(), "set", "plain", "text"}).exit_code == 0);
  check_failure(run_cachekit({"-u", targets.redis(), "get", "plain", "--decode"}), 5,
                "decode plain");
}

TEST_CASE("exit 6 is what Memcached cannot do", "[cli][exit]") {
  const Targets targets;
  const std::string url = targets.memcached();
  check_failure(run_cachekit({"-u", url, "keys"}), 6, "memcached");
  check_failure(run_cachekit({"-u", url, "del", "--pattern", "*", "--yes"}), 6, "memcached");
}

TEST_CASE("no error breaks out of its two lines", "[cli][exit]") {
  const ReservedPort nobody;
  const auto url = fmt::format("redis://127.0.0.1:{}", nobody.number());
  check_failure(run_cachekit({"-u", url, "get", "a\nb\x1b[31m"}), 4, "");
  check_failure(run_cachekit({"no\nsuch\x07"}), 2, "no\\nsuch\\x07");
  const auto missed = run_cachekit({"-u", "memory:", "get", "a\nb\x1b[31m"});
  CHECK(missed.err == "cachekit: get: a\\nb\\x1B[31m: not found\n");
}
