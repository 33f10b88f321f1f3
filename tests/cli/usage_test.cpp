// What a person typed or a script handed over, and was not meant.

#include "cli/run_cachekit.hpp"
#include "cli/shell.hpp"
#include "support/catch.hpp"
#include "support/loopback.hpp"
#include "support/servers.hpp"

#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace cachekit::test;
using nlohmann::json;

TEST_CASE("an empty option is a usage error, and nothing is done", "[cli][usage]") {
  const std::string store = "$cachekit set a 1\n";
  for (const std::string option : {"-u ''", "--url=", "-p ''", "--profile=", "-c ''", "-o ''"}) {
    INFO(option);
    CHECK(run_shell(store + "$cachekit " + option + " clear --yes 2>$home/err; echo code $?\n" +
                    "$cachekit get a") == "code 2\n1");
  }
  CHECK(run_shell(store + "$cachekit del --pattern '' --yes 2>/dev/null; echo code $?\n" +
                  "$cachekit get a") == "code 2\n1");
  CHECK(run_shell(store + "CACHEKIT_PROFILE= $cachekit clear --yes 2>/dev/null; echo code $?\n" +
                  "$cachekit get a") == "code 3\n1");
}

TEST_CASE("an empty key is a usage error before anything is done", "[cli][usage]") {
  CHECK(run_shell("$cachekit set a 1; $cachekit del a '' 2>&1; echo code $?; $cachekit get a") ==
        "cachekit: usage: KEY: the value is empty\nhint: see 'cachekit del --help'\ncode 2\n1");
  for (const std::string command : {"get ''", "exists a ''", "ttl ''", "incr ''", "set '' v"}) {
    INFO(command);
    CHECK(run_shell("$cachekit " + command + " 2>$home/err; echo code $?") == "code 2\n");
  }
}

TEST_CASE("half a command says what is missing", "[cli][usage]") {
  CHECK(run_shell("$cachekit config 2>&1; echo $?") ==
        "cachekit: usage: 'config' needs one of its commands: check, show, init, path\n"
        "hint: see 'cachekit config --help'\n2\n");
  CHECK(run_shell("$cachekit config bogus 2>&1; echo $?") ==
        "cachekit: usage: there is no command 'config bogus'\n"
        "hint: see 'cachekit config --help'\n2\n");
}

TEST_CASE("a TTL is found in any letter case, and what is wrong with it helped", "[cli][usage]") {
  CHECK(run_shell("echo '{\"key\":\"a\",\"value\":1,\"TTL\":\"1h\"}' | $cachekit -q warm - >&2;"
                  "printf 'key,value,Ttl\\nb,1,1h\\n' | $cachekit -q warm - --format csv >&2;"
                  "$cachekit ttl a | grep -c m; $cachekit ttl b | grep -c m") == "1\n1\n");
  CHECK(run_shell("echo '{\"key\":\"a\",\"value\":1,\"ttl\":\"0s\"}' | $cachekit warm - 2>&1")
            .find("write none for an entry that does not expire") != std::string::npos);
}

TEST_CASE("standard input that is no NDJSON is met with the option for what it is",
          "[cli][usage]") {
  const std::string hint = "say --format csv or --format tsv";
  CHECK(run_shell("printf 'key,value\\na,1\\n' | $cachekit warm - 2>&1").find(hint) !=
        std::string::npos);
  CHECK(run_shell("printf 'x\\n' | $cachekit warm - --format ndjson 2>&1").find(hint) ==
        std::string::npos);
}

TEST_CASE("warm cannot take key and value out of one field", "[cli][usage]") {
  for (const std::string fields :
       {"--key-field sku --value-field sku", "--value-field key", "--key-field value_base64"}) {
    INFO(fields);
    const std::string out = run_shell("echo | $cachekit warm - " + fields + " 2>&1; echo code $?");
    CHECK(out.find("are the same field\nhint: name two") != std::string::npos);
    CHECK(out.find("code 2\n") != std::string::npos);
  }
}

TEST_CASE("help for what is no command says what there is", "[cli][usage]") {
  CHECK(run_shell("$cachekit help get extra 2>&1") ==
        "cachekit: help: 'get' has no subcommand 'extra', nor any other\n"
        "hint: 'cachekit help get' explains it\n");
  CHECK(run_shell("$cachekit help config extra 2>&1") ==
        "cachekit: help: there is no command 'extra'\n"
        "hint: 'cachekit help config' lists them all\n");
  CHECK(run_shell("$cachekit help config show extra 2>&1 >&2 | tail -1") ==
        "hint: 'cachekit help config show' explains it\n");
}

TEST_CASE("a password is not shown, wherever the URL stands that holds it",
          "[cli][usage][secret]") {
  struct Case {
    std::vector<std::string> arguments{};
    RunningCommand::Environment environment{};
  };
  const std::string url = "redis://u:S3CR3T@h";
  const std::vector<Case> cases{
      {{"ping"}, {{"CACHE_BACKEND", url}}},
      {{"ping"}, {{"CACHEKIT_PROFILE", url}}},
      {{"ping"}, {{"CACHEKIT_CONFIG", url}}},
      {{"-p", url, "ping"}},
      {{"-c", url, "ping"}},
      {{"-c", url, "config", "path"}},
      {{"-o", "backend=" + url, "ping"}},
      {{"-o", url + "=1", "ping"}},
      {{"-o", "memory.capacity=" + url, "ping"}},
      {{"-u", "memory:" + url, "-v", "ping"}},
      {{"-u", "memory:" + url, "get", "a"}},
      {{"-u", "memory:" + url, "doctor"}},
      {{"-u", "memory:" + url, "clear"}},
      {{"-o", "redis.unix_socket=" + url, "config", "show", "--origin"}},
      {{"-o", "redis.client_name=" + url, "config", "show", "--origin"}},
      {{"-u", "redis://127.0.0.1:1", "-o", "redis.client_name=" + url, "ping"}},
      {{"warm", url}},
      {{"help", url}},
      {{"--password=S3CR3T", "ping"}},
      {{"--password", "S3CR3T", "ping"}},
      {{"ping", "--password=S3CR3T"}},
      {{"-x=S3CR3T", "ping"}}};
  for (Case one : cases) {
    for (const bool in_json : {false, true}) {
      if (in_json) one.arguments.insert(one.arguments.begin(), "--json");
      const auto result = run_cachekit(one.arguments, "", one.environment);
      INFO(result.out << result.err);
      CHECK(result.out.find("S3CR3T") == std::string::npos);
      CHECK(result.err.find("S3CR3T") == std::string::npos);
    }
  }
  const auto unknown = run_cachekit({"--password=S3CR3T", "ping"});
  CHECK(unknown.exit_code == 2);
  CHECK(unknown.err.find("not expected: --password\n") != std::string::npos);
  const auto words = run_cachekit({"version", "more", "words"});
  CHECK(words.err.find("not expected: more words\n") != std::string::npos);
}

TEST_CASE("an empty value is a value", "[cli][usage]") {
  CHECK(run_shell("$cachekit set a ''; $cachekit --json get a") ==
        "{\"key\":\"a\",\"found\":true,\"value\":\"\"}\n");
}

TEST_CASE("variables of a service named redis do not stop what does not use them",
          "[cli][usage][config]") {
  const RedisServer server;
  const RunningCommand::Environment service{{"REDIS_PORT", "tcp://10.0.0.1:6379"},
                                            {"REDIS_DATABASE", "none"}};
  CHECK(run_cachekit({"-u", "memory:", "ping"}, "", service).exit_code == 0);
  CHECK(run_cachekit({"ping"}, "", service).exit_code == 0);
  CHECK(run_cachekit({"-u", server.url(), "ping"}, "", service).exit_code == 0);
  const auto refused = run_cachekit({"-p", "prod", "-q", "ping"}, "", service);
  CHECK(refused.exit_code == 3);
  CHECK(refused.err.find("REDIS_PORT") != std::string::npos);
  CHECK(refused.err.find("tcp://10.0.0.1:6379") != std::string::npos);
}

TEST_CASE("a bare number where a unit is due is refused with what to write",
          "[cli][usage][units]") {
  const std::vector<std::vector<std::string>> commands{
      {"set", "k", "v", "--ttl", "60"}, {"touch", "k", "--ttl", "60"},
      {"--timeout", "60", "get", "k"},  {"ping", "--interval", "60"},
      {"stats", "--watch", "60"},       {"bench", "--duration", "60"},
      {"bench", "--warmup", "60"},      {"warm", "-", "--ttl", "60"},
      {"warm", "-", "--jitter", "60"},  {"warm", "-", "--ttl-unit", "60"},
      {"bench", "--capacity", "60"}};
  for (const auto& command : commands) {
    const auto result = run_cachekit(command);
    INFO(result.err);
    CHECK(result.exit_code == 2);
    if (command.back() == "60" && command[command.size() - 2] != "--ttl-unit" &&
        command[command.size() - 2] != "--capacity") {
      CHECK(result.err.find("hint: write 60s") != std::string::npos);
    }
  }
  const auto option = run_cachekit({"-o", "redis.connection_timeout=60", "get", "k"});
  CHECK(option.exit_code == 3);
  CHECK(option.err.find("hint: write 60s") != std::string::npos);
}

TEST_CASE("warm refuses bare TTLs of a file, and reads them with --ttl-unit",
          "[cli][usage][warm][units]") {
  const std::string csv = "printf 'key,value,ttl\\na,1,3600\\nb,2,2h\\n' > $home/in.csv\n";
  const std::string json_lines =
      "printf "
      "'{\"key\":\"a\",\"value\":\"1\",\"ttl\":3600}\\n{\"key\":\"b\",\"value\":\"2\",\"ttl\":"
      "\"2h\"}\\n' > $home/in.ndjson\n";
  for (const auto& [make, file] : {std::pair(csv, "in.csv"), std::pair(json_lines, "in.ndjson")}) {
    INFO(file);
    const std::string warm = fmt::format("$cachekit warm $home/{}", file);
    CHECK(run_shell(make + warm + " 2>&1 >/dev/null | grep -c 'write 3600s'\n$cachekit exists a") ==
          "1\n0\n");
    CHECK(run_shell(make + warm + " --ttl-unit s >/dev/null; $cachekit ttl a").find("59m") == 0);
    CHECK(run_shell(make + warm + " --ttl-unit ms >/dev/null; $cachekit ttl b").find("1h59m") == 0);
  }
}

TEST_CASE("what dump writes is read by warm with no unit to be named", "[cli][usage][units]") {
  CHECK(
      run_shell("$cachekit set a 1 --ttl 1h; $cachekit set b 2; $cachekit dump > $home/all\n"
                "$cachekit clear --yes -q; $cachekit -q warm $home/all > /dev/null; echo code $?\n"
                "$cachekit ttl b; $cachekit ttl a | cut -c1-3") == "code 0\nnone\n59m\n");
}

TEST_CASE("what cannot be meant is refused", "[cli][usage]") {
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"stats", "--watch", ""},
           {"set", "k", "v", "--ttl", "1s1s"},
           {"warm", "/dev/null", "--ttl", "1s", "--jitter", "20s"},
           {"bench", "--value-size", "1.5"}}) {
    const auto result = run_cachekit(command);
    INFO(result.err);
    CHECK(result.exit_code == 2);
    CHECK(result.err.find(command[command.size() - 2]) != std::string::npos);
  }
  CHECK(run_cachekit({"warm", "/dev/null", "--ttl", "20s", "--jitter", "20s"}).exit_code == 0);
}

TEST_CASE("--version under --json is JSON", "[cli][usage][json]") {
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"--json", "--version"}, {"--version", "--json"}}) {
    CHECK(json::parse(run_cachekit(command).out).contains("version"));
  }
}

TEST_CASE("a width that is none does not squeeze the help", "[cli][usage][help]") {
  const std::string usual = run_cachekit({"get", "--help"}).out;
  for (const std::string columns : {"0", "", "-1", "wide"}) {
    CHECK(run_cachekit({"get", "--help"}, "", {{"COLUMNS", columns}}).out == usual);
  }
}

TEST_CASE("--timeout forever is accepted", "[cli][usage]") {
  const RedisServer server;
  CHECK(run_cachekit({"-u", server.url(), "--timeout", "forever", "ping"}).exit_code == 0);
  CHECK(run_cachekit({"-u", server.url(), "--timeout", "forever", "set", "k", "v"}).exit_code == 0);
}

TEST_CASE("under --json an error is one JSON object on stderr, with the same exit code",
          "[cli][usage][json]") {
  const ReservedPort nobody;
  const std::string url = fmt::format("redis://127.0.0.1:{}", nobody.number());
  struct Case {
    std::vector<std::string> command;
    int exit_code;
    std::string code;
  };
  const std::vector<Case> cases{{{"--json"}, 2, "invalid_argument"},
                                {{"--json", "get"}, 2, "invalid_argument"},
                                {{"get", "k", "--json", "--nonsense"}, 2, "invalid_argument"},
                                {{"--json", "--url=", "get", "k"}, 2, "invalid_argument"},
                                {{"--json", "-u", "http://h", "get", "k"}, 3, "invalid_argument"},
                                {{"--json", "-u", url, "get", "k"}, 4, "unavailable"}};
  for (const Case& one : cases) {
    const auto result = run_cachekit(one.command);
    INFO(result.err);
    CHECK(result.exit_code == one.exit_code);
    CHECK(result.out.empty());
    const json error = json::parse(result.err).at("error");
    CHECK(error.at("code") == one.code);
    CHECK_FALSE(error.at("what").get<std::string>().empty());
    CHECK_FALSE(error.at("message").get<std::string>().empty());
    CHECK_FALSE(error.at("hint").get<std::string>().empty());
    CHECK((error.at("endpoint").is_null() || error.at("endpoint").is_string()));
  }
  const auto twice = run_cachekit({"--json", "-u", url, "exists", "a", "b"});
  std::istringstream lines(twice.err);
  std::string line;
  while (std::getline(lines, line)) CHECK(json::parse(line).contains("error"));
}

TEST_CASE("a socket path that fits into no address is a configuration error", "[cli][usage]") {
  const std::string fits = "redis+unix:///" + std::string(106, 'a');
  const std::string too_long = "redis+unix:///" + std::string(107, 'a');
  CHECK(run_cachekit({"-u", too_long, "config", "check"}).exit_code == 3);
  CHECK(run_cachekit({"-u", too_long, "get", "k"}).exit_code == 3);
  CHECK(run_cachekit({"-u", fits, "config", "check"}).exit_code == 0);
  CHECK(run_cachekit({"-u", fits, "get", "k"}).exit_code == 4);
  CHECK(run_cachekit({"-u", "memcached:///" + std::string(107, 'a'), "get", "k"}).exit_code == 3);
}

TEST_CASE("a password with a character that must be encoded is met with how to", "[cli][usage]") {
  for (const std::string url :
       {"redis://:p@ss/w@127.0.0.1:1", "redis://:p/w@127.0.0.1:1", "redis://:p?w@127.0.0.1:1",
        "redis://:p#w@127.0.0.1:1", "redis://:p@s?w@127.0.0.1:1"}) {
    const auto result = run_cachekit({"-q", "-u", url, "ping"});
    INFO(result.err);
    CHECK(result.exit_code == 3);
    CHECK(result.err.find("%2") != std::string::npos);
  }
}

TEST_CASE("no hint repeats a password", "[cli][usage]") {
  const ReservedPort nobody;
  const std::string secret = "c4nary";
  const auto result = run_cachekit(
      {"-q", "-u", fmt::format("redis://:{}@127.0.0.1:{}", secret, nobody.number()), "get", "k"});
  CHECK(result.err.find(secret) == std::string::npos);
}
