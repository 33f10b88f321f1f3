// A person at a terminal: bytes of keys, values and servers do not drive it.

#include "cli/terminal.hpp"

#include "cli/targets.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"

#include <cachekit/redis.hpp>

#include <algorithm>
#include <fstream>
#include <string>

#include <nlohmann/json.hpp>

using namespace cachekit::test;
using nlohmann::json;

namespace {

const RunningCommand::Environment xterm{{"TERM", "xterm-256color"}};
const RunningCommand::Environment dumb{{"TERM", "dumb"}};

// Sets the title, clears the screen, goes back in the line; DEL; a C1 control, as a byte and as
// UTF-8; a letter that turns the others around; a byte that is no UTF-8.
const std::string hostile =
    "x\x1b]0;pwn\a\x1b[2J\rfake\x7f\x9b"
    "31m\xc2\x9b"
    "32m\xe2\x80\xae"
    "y\xff";
const std::string shown =
    "x\\x1B]0;pwn\\x07\\x1B[2J\\x0Dfake\\x7F\\x9B31m\\xC2\\x9B32m\\xE2\\x80\\xAEy\\xFF";

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// Whether there is nothing that a terminal would obey, but line ends and tabs.
bool harmless(const std::string& text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) {
                        const auto byte = static_cast<unsigned char>(c);
                        return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F;
                      }) &&
         !has(text, "\x9b") && !has(text, "\xe2\x80\xae") && !has(text, "\xff");
}

// So many that a load of them shows its progress.
std::string many_records(const TempDir& folder) {
  const std::string file = (folder / "many.ndjson").string();
  std::ofstream lines(file);
  for (int i = 0; i < 60'000; ++i) {
    lines << R"({"key":"k)" << i << R"(","value":"v"})"
          << "\n";
  }
  return file;
}

}  // namespace

TEST_CASE("keys and values are shown escaped on a terminal, and are raw in a pipe",
          "[cli][terminal]") {
  const Targets targets;
  targets.each([&](const std::string& url) {
    REQUIRE(run_cachekit({"-u", url, "set", "a", "--", hostile}).exit_code == 0);
    REQUIRE(run_cachekit({"-u", url, "set", "b", "--", "1\n2\t3"}).exit_code == 0);
    CHECK(run_on_terminal({"-u", url, "get", "a"}, xterm).out == shown + "\n");
    CHECK(run_on_terminal({"-u", url, "get", "a", "b"}, xterm).out ==
          "a\t" + shown + "\nb\t1\\x0A2\\x093\n");
    CHECK(run_cachekit({"-u", url, "get", "a"}).out == hostile);
    CHECK(run_on_terminal({"-u", url, "--raw", "get", "a"}, xterm).out == hostile + "\n");
    CHECK(run_on_terminal({"-u", url, "get", "a", "--raw"}, xterm).out == hostile + "\n");
  });
}

TEST_CASE("no command lets a key drive the terminal, nor an error that names it",
          "[cli][terminal]") {
  const RedisServer server;
  const std::string url = server.url(), key = "k" + hostile;
  REQUIRE(run_cachekit({"-u", url, "set", "--", key, hostile}).exit_code == 0);
  cachekit::RedisBackend redis({.port = server.port()});
  must(redis.command({"RPUSH", "list" + hostile, "v"}));
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"keys"},
                                             {"get", key},
                                             {"get", "--explain", key},
                                             {"get", "--ttl", key, key + "absent"},
                                             {"get", "list" + hostile},
                                             {"incr", key},
                                             {"exists", key, key + "absent"},
                                             {"ttl", key + "absent"},
                                             {"touch", key + "absent", "--ttl", "5s"},
                                             {"dump"},
                                             {"--json", "get", key},
                                             {"--json", "keys"},
                                             {"-v", "doctor"},
                                             {"-v", "ping"},
                                             {"stats", "--raw"},
                                             {"bad" + hostile},
                                             {"warm", "/tmp/no" + hostile},
                                             {"--pattern" + hostile, "keys"}}) {
    std::vector<std::string> arguments{"--color", "never", "-u", url};
    arguments.insert(arguments.end(), command.begin(), command.end());
    const auto result = run_on_terminal(arguments, xterm);
    INFO(command.front() << ": " << result.out);
    CHECK_FALSE(result.out.empty());
    CHECK(harmless(result.out));
  }
}

TEST_CASE("JSON on a terminal is harmless, and the same JSON", "[cli][terminal][json]") {
  const Targets targets;
  const std::string value = "\x1b[31m\x7f\xc2\x9b\xe2\x80\xae\xe2\x80\xa8 \xc3\xa9\n";
  REQUIRE(run_cachekit({"-u", targets.redis(), "set", "k", "--", value}).exit_code == 0);
  const auto result = run_on_terminal({"-u", targets.redis(), "--json", "get", "k"}, xterm);
  CHECK(harmless(result.out));
  CHECK(json::parse(result.out)["value"] == value);
}

TEST_CASE("a terminal that is dumb gets no control sequence at all", "[cli][terminal]") {
  const RedisServer server;
  const TempDir folder;
  const std::string file = many_records(folder);
  for (const auto& environment : {dumb, RunningCommand::Environment{}}) {
    const auto warmed = run_on_terminal({"-u", server.url(), "warm", file}, environment);
    CHECK(warmed.exit_code == 0);
    CHECK(harmless(warmed.out));
    CHECK(has(warmed.out, "stored 60000"));
    const auto failed = run_on_terminal({"--color", "always", "no such"}, environment);
    CHECK(failed.exit_code == 2);
    CHECK(harmless(failed.out));
  }
}

TEST_CASE("a terminal that can gets colour, unless NO_COLOR says no", "[cli][terminal]") {
  const auto colored = run_on_terminal({"no such"}, xterm);
  CHECK(colored.out.starts_with("\x1b[31mcachekit: "));
  CHECK(has(colored.out, "\x1b[0m\nhint: "));
  const auto plain = run_on_terminal({"no such"}, {{"TERM", "xterm"}, {"NO_COLOR", "1"}});
  CHECK(harmless(plain.out));
}

TEST_CASE("a progress line fits into a narrow terminal", "[cli][terminal]") {
  const RedisServer server;
  const TempDir folder;
  const std::string file = many_records(folder);
  const auto warmed = run_on_terminal({"-u", server.url(), "warm", file}, xterm, 20);
  const std::string begin = "\r\x1b[K";
  std::size_t lines = 0;
  for (std::size_t at = 0; (at = warmed.out.find(begin, at)) != std::string::npos;) {
    at += begin.size();
    const std::size_t end = warmed.out.find(begin, at);
    if (end == std::string::npos) break;
    ++lines;
    CHECK(end - at < 20);
  }
  CHECK(lines > 0);
}
