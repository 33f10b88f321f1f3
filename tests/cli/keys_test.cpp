#include "cli/run_cachekit.hpp"
#include "cli/targets.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"

#include <cachekit/redis.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace cachekit::test;
using nlohmann::json;

namespace {

CommandResult on(const std::string& url, std::vector<std::string> arguments,
                 const std::string& input = {}) {
  arguments.insert(arguments.begin(), {"-u", url});
  return run_cachekit(arguments, input);
}

json json_on(const std::string& url, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "--json");
  return json::parse(on(url, std::move(arguments)).out);
}

std::string all_bytes() {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  return bytes;
}

}  // namespace

TEST_CASE("what set stores, get prints, exactly and from another process", "[cli][get][set]") {
  const Targets targets;
  targets.each([](const std::string& url) {
    const auto stored = on(url, {"set", "name", "value"});
    CHECK(stored.exit_code == 0);
    CHECK(stored.out.empty());
    CHECK(stored.err.empty());
    const auto found = on(url, {"get", "name"});
    CHECK(found.exit_code == 0);
    CHECK(found.out == "value");
    CHECK(found.err.empty());
  });
}

TEST_CASE("a miss is exit 1, silent on stdout", "[cli][get]") {
  const Targets targets;
  targets.each([](const std::string& url) {
    const auto missed = on(url, {"get", "nobody"});
    CHECK(missed.exit_code == 1);
    CHECK(missed.out.empty());
    CHECK(missed.err == "cachekit: get: nobody: not found\n");
    CHECK(on(url, {"-q", "get", "nobody"}).err.empty());
  });
}

TEST_CASE("several keys are KEY<TAB>VALUE lines, misses on stderr", "[cli][get]") {
  const Targets targets;
  targets.each([](const std::string& url) {
    REQUIRE(on(url, {"set", "a", "1"}).exit_code == 0);
    REQUIRE(on(url, {"set", "c", "3"}).exit_code == 0);
    const auto answer = on(url, {"get", "a", "b", "c"});
    CHECK(answer.exit_code == 1);
    CHECK(answer.out == "a\t1\nc\t3\n");
    CHECK(answer.err == "cachekit: get: b: not found\n");
  });
}

TEST_CASE("every byte survives standard input, a file and standard output", "[cli][get][set]") {
  const Targets targets;
  const TempDir folder;
  const std::string file = (folder / "value").string();
  std::FILE* const handle = std::fopen(file.c_str(), "wb");
  REQUIRE(handle != nullptr);
  REQUIRE(std::fwrite(all_bytes().data(), 1, 256, handle) == 256);
  REQUIRE(std::fclose(handle) == 0);
  targets.each([&](const std::string& url) {
    REQUIRE(on(url, {"set", "bytes", "-"}, all_bytes()).exit_code == 0);
    CHECK(on(url, {"get", "bytes"}).out == all_bytes());
    REQUIRE(on(url, {"set", "file", "--file", file}).exit_code == 0);
    CHECK(on(url, {"get", "file"}).out == all_bytes());
    REQUIRE(on(url, {"set", "empty", ""}).exit_code == 0);
    const auto empty = on(url, {"get", "empty"});
    CHECK(empty.exit_code == 0);
    CHECK(empty.out.empty());
  });
}

TEST_CASE("--json gives text as value and other bytes in base64", "[cli][get][json]") {
  const Targets targets;
  targets.each([](const std::string& url) {
    REQUIRE(on(url, {"set", "text", "h\xC3\xA9"}).exit_code == 0);
    REQUIRE(on(url, {"set", "bytes", "-"}, "\xFF").exit_code == 0);
    CHECK(json_on(url, {"get", "text"}) ==
          json({{"key", "text"}, {"found", true}, {"value", "h\xC3\xA9"}}));
    CHECK(json_on(url, {"get", "bytes"}) ==
          json({{"key", "bytes"}, {"found", true}, {"value_base64", "/w=="}}));
    CHECK(json_on(url, {"get", "nobody"}) ==
          json({{"key", "nobody"}, {"found", false}, {"value", nullptr}}));
  });
}

TEST_CASE("keys of any byte go in and come out, in JSON as base64", "[cli][get][keys]") {
  const Targets targets;
  const std::string key = "k\xFF\x01 \t\x7F";
  targets.each([&](const std::string& url) {
    REQUIRE(on(url, {"set", key, "v"}).exit_code == 0);
    CHECK(on(url, {"get", key}).out == "v");
    CHECK(json_on(url, {"get", key})["key_base64"] == "a/8BIAl/");
  });
}

TEST_CASE("keys and values that look like lists or options are taken as they are", "[cli][set]") {
  const Targets targets;
  for (const std::string odd :
       {"[1,2]", "{}", "[]", "-1", "--ttl", "%%", "a=b", "\"quoted\"", " "}) {
    INFO(odd);
    REQUIRE(on(targets.memory(), {"set", "--", odd, odd}).exit_code == 0);
    CHECK(on(targets.memory(), {"get", "--", odd}).out == odd);
    CHECK(on(targets.memory(), {"get", "--", odd, odd}).out ==
          fmt::format("{0}\t{0}\n{0}\t{0}\n", odd));
    CHECK(on(targets.memory(), {"del", "--", odd}).out == "1\n");
  }
}

TEST_CASE("--nx and --xx store or say no", "[cli][set]") {
  const Targets targets;
  targets.each([](const std::string& url) {
    CHECK(on(url, {"set", "k", "1", "--xx"}).exit_code == 1);
    CHECK(on(url, {"set", "k", "2", "--nx"}).exit_code == 0);
    const auto refused = on(url, {"set", "k", "3", "--nx"});
    CHECK(refused.exit_code == 1);
    CHECK(refused.err == "cachekit: set: k: not stored, it exists\n");
    CHECK(json_on(url, {"set", "k", "4", "--nx"}) == json({{"key", "k"}, {"stored", false}}));
    CHECK(on(url, {"set", "k", "5", "--xx"}).exit_code == 0);
    CHECK(on(url, {"get", "k"}).out == "5");
  });
}

TEST_CASE("ttl tells what is left, none for no expiry, and touch changes it", "[cli][ttl]") {
  const Targets targets;
  targets.each([](const std::string& url) {
    REQUIRE(on(url, {"set", "k", "v", "--ttl", "1h"}).exit_code == 0);
    const json left = json_on(url, {"ttl", "k"});
    CHECK(left["found"] == true);
    CHECK(left["ttl_ms"] > 3'500'000);
    CHECK(left["ttl_ms"] <= 3'600'000);
    CHECK(json_on(url, {"get", "k", "--ttl"})["ttl_ms"] > 3'500'000);
    REQUIRE(on(url, {"touch", "k", "--ttl", "none"}).exit_code == 0);
    CHECK(on(url, {"ttl", "k"}).out == "none\n");
    CHECK(json_on(url, {"ttl", "k"}) == json({{"key", "k"}, {"found", true}, {"ttl_ms", nullptr}}));
    CHECK(on(url, {"ttl", "nobody"}).exit_code == 1);
    CHECK(on(url, {"touch", "nobody", "--ttl", "1s"}).exit_code == 1);
  });
}

TEST_CASE("del and exists count, and exit 1 where there is nothing", "[cli][del][exists]") {
  const Targets targets;
  targets.each([](const std::string& url) {
    REQUIRE(on(url, {"set", "a", "1"}).exit_code == 0);
    REQUIRE(on(url, {"set", "b", "2"}).exit_code == 0);
    const auto both = on(url, {"exists", "a", "b"});
    CHECK(both.exit_code == 0);
    CHECK(both.out == "2\n");
    const auto deleted = on(url, {"del", "a", "b", "c"});
    CHECK(deleted.exit_code == 0);
    CHECK(deleted.out == "2\n");
    CHECK(on(url, {"exists", "a"}).exit_code == 1);
    const auto again = on(url, {"del", "a"});
    CHECK(again.exit_code == 1);
    CHECK(again.out == "0\n");
    CHECK(json_on(url, {"del", "a"}) == json({{"deleted", 0}}));
  });
}

TEST_CASE("incr counts from nothing and prints the sum", "[cli][incr]") {
  const Targets targets;
  targets.each([](const std::string& url) {
    CHECK(on(url, {"incr", "n"}).out == "1\n");
    CHECK(on(url, {"incr", "n", "41"}).out == "42\n");
    CHECK(on(url, {"incr", "n", "-2"}).out == "40\n");
    const std::string below = url.starts_with("memcached") ? "0\n" : "-5\n";
    CHECK(on(url, {"incr", "low", "-5"}).out == below);
    CHECK(on(url, {"incr", "n", "--", "-45"}).out == below);
    CHECK(on(url, {"set", "n", "40"}).exit_code == 0);
    CHECK(json_on(url, {"incr", "n"}) == json({{"key", "n"}, {"value", 41}}));
    REQUIRE(on(url, {"set", "word", "abc"}).exit_code == 0);
    CHECK(on(url, {"incr", "word"}).exit_code == 5);
  });
}

TEST_CASE("keys and del --pattern work by glob where the backend can list", "[cli][keys][del]") {
  const Targets targets;
  for (const std::string& url : {targets.memory(), targets.redis()}) {
    INFO("over " << url);
    for (const char* key : {"user:1", "user:2", "user:3", "order:1"}) {
      REQUIRE(on(url, {"set", key, "v"}).exit_code == 0);
    }
    CHECK(on(url, {"keys", "--pattern", "order:*"}).out == "order:1\n");
    CHECK(json_on(url, {"keys", "--pattern", "order:*"}) == json({{"key", "order:1"}}));
    CHECK(on(url, {"keys", "--pattern", "none:*"}).exit_code == 1);
    const auto limited = on(url, {"keys", "--limit", "2"}).out;
    CHECK(std::count(limited.begin(), limited.end(), '\n') == 2);

    const auto dry = on(url, {"del", "--pattern", "user:*", "--dry-run"});
    CHECK(dry.exit_code == 0);
    CHECK(dry.out == "3\n");
    CHECK(on(url, {"exists", "user:1", "user:2", "user:3"}).out == "3\n");
    CHECK(json_on(url, {"del", "--pattern", "user:*", "--yes", "--rate", "1000/s"}) ==
          json({{"pattern", "user:*"}, {"dry_run", false}, {"deleted", 3}, {"unknown", 0}}));
    CHECK(on(url, {"del", "--pattern", "user:*", "--yes"}).exit_code == 1);
    CHECK(on(url, {"exists", "order:1"}).exit_code == 0);
  }
}

TEST_CASE("clear and del --pattern ask first, and refuse where nobody can answer", "[cli][clear]") {
  const Targets targets;
  targets.each([](const std::string& url) {
    REQUIRE(on(url, {"set", "k", "v"}).exit_code == 0);
    const auto refused = on(url, {"clear"});
    CHECK(refused.exit_code == 2);
    CHECK(refused.err.find("Clearing everything in ") != std::string::npos);
    CHECK(refused.err.find("--yes") != std::string::npos);
    CHECK(on(url, {"exists", "k"}).exit_code == 0);
    const auto cleared = on(url, {"clear", "--yes"});
    CHECK(cleared.exit_code == 0);
    CHECK(cleared.err.find("cleared ") == 0);
    CHECK(on(url, {"exists", "k"}).exit_code == 1);
  });
  CHECK(on(targets.redis(), {"del", "--pattern", "*"}).exit_code == 2);
}

TEST_CASE("Ctrl-C during a slow del --pattern says how far it came and exits with 130",
          "[cli][del]") {
  const RedisServer server;
  cachekit::RedisBackend backend({.host = server.host(), .port = server.port()});
  const auto count = [&] {
    int keys = 0;
    must(backend.scan({}, [&](std::string_view) { return ++keys > 0; }));
    return keys;
  };
  for (int i = 0; i < 20; ++i) must(backend.set(fmt::format("k{}", i), "v"));

  RunningCommand slow({"-u", server.url(), "del", "--pattern", "*", "--yes", "--rate", "1/s"});
  wait_until([&] { return count() < 20; });
  slow.signal(SIGINT);
  const auto stopped = slow.wait();
  CHECK(stopped.exit_code == 130);
  CHECK(stopped.out == fmt::format("{}\n", 20 - count()));
  CHECK(count() > 0);
}

TEST_CASE("the dev profile keeps its data from one call to the next", "[cli][profiles]") {
  const TempDir state;
  const RunningCommand::Environment environment{{"XDG_STATE_HOME", state.path().string()}};
  REQUIRE(run_cachekit({"set", "k", "v"}, {}, environment).exit_code == 0);
  CHECK(run_cachekit({"get", "k"}, {}, environment).out == "v");
  REQUIRE(run_cachekit({"del", "k"}, {}, environment).exit_code == 0);
  CHECK(run_cachekit({"get", "k"}, {}, environment).exit_code == 1);
  // A reader neither writes nor locks.
  CHECK(run_cachekit({"-p", "test", "set", "k", "v"}, {}, environment).exit_code == 0);
  CHECK(run_cachekit({"-p", "test", "get", "k"}, {}, environment).exit_code == 1);
}
