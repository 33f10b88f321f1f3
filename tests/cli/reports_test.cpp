#include "cli/run_cachekit.hpp"
#include "cli/targets.hpp"
#include "support/catch.hpp"
#include "support/prometheus_check.hpp"

#include <cachekit/memory.hpp>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <set>

#include <nlohmann/json.hpp>

using namespace cachekit::test;
using nlohmann::json;

namespace {

json json_of(std::vector<std::string> arguments, int exit_code = 0) {
  arguments.insert(arguments.begin(), {"--json", "--timeout", "30s"});
  const auto result = run_cachekit(arguments);
  INFO(result.err);
  CHECK(result.exit_code == exit_code);
  return json::parse(result.out);
}

std::set<std::string> names(const json& object) {
  std::set<std::string> all;
  for (const auto& [name, value] : object.items()) all.insert(name);
  return all;
}

}  // namespace

TEST_CASE("ping reports every node in the contract's fields", "[cli][ping][json]") {
  const Targets targets;
  targets.each([&](const std::string& url) {
    const json report = json_of({"-u", url, "ping", "-n", "3"});
    CHECK(names(report) == std::set<std::string>{"backend", "tier", "ok", "nodes"});
    CHECK(report["ok"] == true);
    CHECK(report["nodes"].size() == (url == targets.memcached() ? 3 : 1));
    for (const json& node : report["nodes"]) {
      CHECK(names(node) ==
            std::set<std::string>{"endpoint", "ok", "role", "version", "rtt_us", "error"});
      CHECK(node["error"].is_null());
      CHECK(node["rtt_us"]["min"] <= node["rtt_us"]["p50"]);
      CHECK(node["rtt_us"]["p50"] <= node["rtt_us"]["max"]);
    }
  });
}

TEST_CASE("ping with one of three nodes down shows all three and exits with 4", "[cli][ping]") {
  Targets targets;
  targets.one_memcached().kill();
  const json report = json_of({"-u", targets.memcached(), "ping", "-n", "1"}, 4);
  CHECK(report["ok"] == false);
  REQUIRE(report["nodes"].size() == 3);
  CHECK(report["nodes"][0]["ok"] == true);
  CHECK(report["nodes"][1]["ok"] == false);
  CHECK(report["nodes"][1]["rtt_us"]["p50"].is_null());
  CHECK(report["nodes"][1]["error"].is_string());
  CHECK(report["nodes"][2]["ok"] == true);
}

TEST_CASE("ping says which server it found", "[cli][ping]") {
  const Targets targets;
  const auto redis = run_cachekit({"-u", targets.redis(), "ping"});
  CHECK(redis.exit_code == 0);
  CHECK(redis.out.find(" ok ") != std::string::npos);
  CHECK(redis.out.find("master") != std::string::npos);
  CHECK(redis.out.find("us (min/p50/max)") != std::string::npos);
}

TEST_CASE("stats speaks one vocabulary, with null for what a server does not tell",
          "[cli][stats][json]") {
  const Targets targets;
  const std::set<std::string> figures{"uptime_s",  "connections", "items",    "bytes",
                                      "max_bytes", "hits",        "misses",   "hit_ratio",
                                      "evictions", "expired",     "ops_per_s"};
  std::set<std::string> of_node = figures;
  of_node.insert({"endpoint", "version", "client"});
  targets.each([&](const std::string& url) {
    REQUIRE(run_cachekit({"-u", url, "set", "k", "v"}).exit_code == 0);
    const json report = json_of({"-u", url, "stats"});
    CHECK(names(report) == std::set<std::string>{"backend", "tier", "nodes", "total"});
    CHECK(names(report["total"]) == figures);
    CHECK(report["nodes"].size() == (url == targets.memcached() ? 3 : 1));
    for (const json& node : report["nodes"]) CHECK(names(node) == of_node);
    CHECK(report["total"]["items"] == 1);
  });
  const json redis = json_of({"-u", targets.redis(), "stats"});
  CHECK(redis["nodes"][0]["max_bytes"].is_null());  // No maxmemory is set.
  const json memcached = json_of({"-u", targets.memcached(), "stats"});
  CHECK(memcached["total"]["max_bytes"] == 3 * 64 * 1024 * 1024);
  CHECK(memcached["nodes"][0]["ops_per_s"].is_null());
}

TEST_CASE("stats tells of the command's own connections, also to a server that is down",
          "[cli][stats][json]") {
  Targets targets;
  CHECK(json_of({"-u", "memory:", "stats"})["nodes"][0]["client"].is_null());
  const std::set<std::string> figures{"connections", "in_flight", "waiting",
                                      "requests",    "batches",   "mean_batch",
                                      "reconnects",  "timeouts",  "abandoned_requests"};
  const json redis = json_of({"-u", targets.redis(), "stats"})["nodes"][0]["client"];
  CHECK(names(redis) == figures);
  CHECK(redis["connections"] == 1);
  CHECK(redis["requests"] == 1);
  CHECK(redis["batches"] == 1);
  CHECK(redis["mean_batch"] == 1.0);
  CHECK(redis["reconnects"] == 0);

  targets.one_memcached().kill();
  const json nodes = json_of({"-u", targets.memcached(), "stats"}, 4)["nodes"];
  REQUIRE(nodes.size() == 3);
  CHECK(nodes[0]["client"]["connections"] == 1);
  CHECK(names(nodes[1]["client"]) == figures);
  CHECK(nodes[1]["client"]["connections"] == 0);
  CHECK(nodes[1]["error"].is_string());
}

TEST_CASE("stats --verbose adds the connections to the table, and Prometheus text has them",
          "[cli][stats]") {
  const Targets targets;
  const auto has = [](const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
  };
  CHECK_FALSE(has(run_cachekit({"-u", targets.redis(), "stats"}).out, "client_"));
  const std::string table = run_cachekit({"-u", targets.redis(), "-v", "stats"}).out;
  CHECK(has(table, "\nclient_connections"));
  CHECK(has(table, "\nclient_mean_batch"));
  CHECK(has(table, "\nclient_abandoned_requests"));
  CHECK_FALSE(has(run_cachekit({"-u", "memory:", "-v", "stats"}).out, "client_"));
  const auto text = [](const std::string& url) {
    return run_cachekit({"-u", url, "stats", "--format", "prometheus"}).out;
  };
  CHECK(has(text(targets.redis()), "\ncachekit_client_connections{backend=\"redis\",node=\""));
  CHECK_FALSE(has(text("memory:"), "cachekit_client_"));
}

TEST_CASE("stats prints a table, Prometheus text, and the server's own words", "[cli][stats]") {
  const Targets targets;
  const auto table = run_cachekit({"-u", targets.memcached(), "stats"});
  CHECK(table.out.find("node ") == 0);
  CHECK(table.out.find("total") != std::string::npos);
  const auto text = run_cachekit({"-u", targets.redis(), "stats", "--format", "prometheus"}).out;
  CHECK(text.find("# TYPE cachekit_server_hits_total counter\ncachekit_server_hits_total{") !=
        std::string::npos);
  CHECK(text.find("cachekit_server_up{backend=\"redis\",node=\"") != std::string::npos);
  CHECK(run_cachekit({"-u", targets.redis(), "stats", "--raw"}).out.find("\tredis_version\t") !=
        std::string::npos);
}

TEST_CASE("what stats prints for Prometheus is a page without a fault",
          "[cli][stats][prometheus]") {
  Targets targets;
  const auto check = [](const std::string& url) {
    const auto text = run_cachekit({"-u", url, "stats", "--format", "prometheus"}).out;
    INFO(text);
    CHECK_FALSE(text.empty());
    CHECK(prometheus_problems(text) == std::vector<std::string>{});
  };
  targets.each(check);
  targets.each([](const std::string& url) {
    static_cast<void>(run_cachekit({"-u", url, "get", "k"}));
  });
  targets.each(check);
  targets.one_memcached().kill();
  check(targets.memcached());
}

TEST_CASE("many pages are no page: stats --watch does not print them for Prometheus",
          "[cli][stats][prometheus]") {
  const auto refused =
      run_cachekit({"-u", "memory:", "stats", "--watch", "10ms", "--format", "prometheus"});
  CHECK(refused.exit_code == 2);
  CHECK(refused.out.empty());
  CHECK(refused.err.find("one") != std::string::npos);
}

TEST_CASE("0 of 0 is null, - and no series, never 0", "[cli][stats]") {
  const Targets targets;
  targets.each([](const std::string& url) {
    const json report = json_of({"-u", url, "stats"});
    CHECK(report["nodes"][0]["hit_ratio"].is_null());
    CHECK(report["total"]["hit_ratio"].is_null());
    const std::string table = run_cachekit({"-u", url, "stats"}).out;
    const std::size_t row = table.find("hit_ratio");
    REQUIRE(row != std::string::npos);
    const std::string cells = table.substr(row, table.find('\n', row) - row);
    CHECK(cells.find_first_of("0123456789%") == std::string::npos);
    CHECK(cells.ends_with(" -"));
    CHECK(run_cachekit({"-u", url, "stats", "--format", "prometheus"}).out.find("_ratio") ==
          std::string::npos);
  });
}

TEST_CASE("the items of a Redis are those of the whole server, as the rest of its row",
          "[cli][stats]") {
  const RedisServer server;
  REQUIRE(run_cachekit({"-u", server.url(), "set", "a", "1"}).exit_code == 0);
  for (const std::string key : {"b", "c"}) {
    REQUIRE(run_cachekit({"-u", server.url() + "/3", "set", key, "1"}).exit_code == 0);
  }
  for (const std::string database : {"", "/3", "/7"}) {
    const std::string url = server.url() + database;
    CHECK(json_of({"-u", url, "stats"})["nodes"][0]["items"] == 3);
    CHECK(run_cachekit({"-u", url, "stats", "--format", "prometheus"})
              .out.find("_items{backend=\"redis\",node=\"" + server.endpoint() + "\"} 3\n") !=
          std::string::npos);
  }
}

TEST_CASE("stats --watch goes on until Ctrl-C, which is exit 130", "[cli][stats]") {
  const RedisServer server;
  RunningCommand watching({"-u", server.url(), "--json", "stats", "--watch", "10ms"});
  wait_until([&] {
    const json stats = json_of({"-u", server.url(), "stats", "--raw"});
    return std::stoi(stats["nodes"][0]["raw"]["total_commands_processed"].get<std::string>()) > 20;
  });
  watching.signal(SIGINT);
  const auto stopped = watching.wait();
  CHECK(stopped.exit_code == 130);
  CHECK(std::count(stopped.out.begin(), stopped.out.end(), '\n') > 1);
  CHECK(json::parse(stopped.out.substr(0, stopped.out.find('\n')))["backend"] == "redis");
}

TEST_CASE("backends prints the table of what the code can do", "[cli][backends]") {
  const auto text = run_cachekit({"backends"});
  CHECK(text.exit_code == 0);
  CHECK(text.out.find("backend            memory") == 0);
  const auto lines = run_cachekit({"--json", "backends"}).out;
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 3);
  const json memory = json::parse(lines.substr(0, lines.find('\n')));
  CHECK(memory["backend"] == "memory");
  CHECK(memory["tier"] == "Tier-1");
  CHECK(memory["transactions"] == false);
  const std::size_t longest = cachekit::InMemoryBackend().capabilities().max_value_bytes;
  CHECK(memory["max_value"] == std::to_string(longest) + "B");  // To the byte: it is a limit.
  CHECK(memory["max_key"] == "64KiB");
}

TEST_CASE("config show tells values and where each came from", "[cli][config]") {
  const TempDir folder;
  const std::string file = (folder / "c.toml").string();
  std::ofstream(file) << "[profiles.x]\nbackend = \"redis\"\nredis.port = 7000\n";
  const auto result = run_cachekit(
      {"--json", "-c", file, "-p", "x", "-o", "redis.database=3", "config", "show", "--origin"}, "",
      {{"REDIS_HOST", "cache.example"}});
  CHECK(result.exit_code == 0);
  const json shown = json::parse(result.out);
  CHECK(shown["redis.port"] == json({{"value", "7000"}, {"origin", file + ":3"}}));
  CHECK(shown["redis.host"] ==
        json({{"value", "cache.example"}, {"origin", "environment REDIS_HOST"}}));
  CHECK(shown["redis.database"] == json({{"value", "3"}, {"origin", "option"}}));
  CHECK(shown["redis.pool_size"]["origin"] == "default");
}

TEST_CASE("config init prints a file that config check accepts, and path finds", "[cli][config]") {
  const TempDir folder;
  const std::string file = (folder / "c.toml").string();
  const auto made = run_cachekit({"config", "init"});
  REQUIRE(made.exit_code == 0);
  std::ofstream(file) << made.out;
  const auto checked = run_cachekit({"-c", file, "config", "check"});
  INFO(checked.err);
  CHECK(checked.exit_code == 0);
  CHECK(checked.out.find("ok: profile ") == 0);
  CHECK(run_cachekit({"config", "path"}, "", {{"CACHEKIT_CONFIG", file}}).out == file + "\n");
  const auto none = run_cachekit({"config", "path"});
  CHECK(none.exit_code == 1);
  CHECK(none.err.find("no configuration file; looked for ") == 0);
}

TEST_CASE("config check holds variables against the profile in use alone", "[cli][config]") {
  const RunningCommand::Environment service{
      {"REDIS_PORT", "tcp://10.0.0.1:6379"}};  // Kubernetes, for a Service.
  CHECK(run_cachekit({"config", "check"}, "", service).exit_code == 0);
  CHECK(run_cachekit({"-p", "dev", "config", "check"}, "", service).exit_code == 0);
  const auto used = run_cachekit({"-p", "prod", "config", "check"}, "", service);
  CHECK(used.exit_code == 3);
  CHECK(used.err.find("REDIS_PORT") != std::string::npos);
}

TEST_CASE("doctor warns of a Redis without a memory limit, with a fix", "[cli][doctor]") {
  const RedisServer unlimited;
  const json report = json_of({"-u", unlimited.url(), "doctor"}, 1);
  CHECK(report["ok"] == false);
  const auto& findings = report["findings"];
  CHECK(std::any_of(findings.begin(), findings.end(), [](const json& finding) {
    return finding["what"].get<std::string>().find("maxmemory") != std::string::npos &&
           finding["level"] == "warning" && !finding["fix"].get<std::string>().empty();
  }));
  const RedisServer limited(
      {.extra = {"--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"}});
  CHECK(json_of({"-u", limited.url(), "doctor"})["ok"] == true);
  REQUIRE(run_cachekit({"-u", limited.url(), "set", "k", "v"}).exit_code == 0);
  const auto text = run_cachekit({"-u", limited.url(), "doctor"});
  CHECK(text.exit_code == 0);
  CHECK(text.out.find("1 of 1 keys looked at have no TTL") != std::string::npos);
}

TEST_CASE("Tier-1 in a prod profile is warned about, and -q silences it", "[cli][profiles]") {
  const TempDir folder;
  const std::string url = "memory:" + (folder / "snapshot").string();
  const auto warned = run_cachekit({"-p", "prod", "-u", url, "set", "k", "v"});
  CHECK(warned.exit_code == 0);
  CHECK(warned.err.find("cachekit: warning: ") == 0);
  CHECK(warned.err.find("Tier-1") != std::string::npos);
  CHECK(run_cachekit({"-q", "-p", "prod", "-u", url, "set", "k", "v"}).err.empty());
}

TEST_CASE("-v says which profile and target are used", "[cli][profiles]") {
  const Targets targets;
  const auto result = run_cachekit({"-v", "-u", targets.redis(), "get", "k"});
  CHECK(result.err.find("profile dev, backend redis, target redis://") != std::string::npos);
}

TEST_CASE("help and version answer on stdout", "[cli][help]") {
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"--help"}, {"help"}, {"get", "--help"}, {"help", "get"}}) {
    const auto result = run_cachekit(command);
    CHECK(result.exit_code == 0);
    CHECK(result.out.find("Usage: cachekit ") != std::string::npos);
    CHECK(result.err.empty());
  }
  CHECK(run_cachekit({"--version"}).out == run_cachekit({"version"}).out);
  CHECK(json_of({"version"}).contains("version"));
}

TEST_CASE("a damaged snapshot is set aside with a warning, also under --quiet", "[cli][memory]") {
  const TempDir folder;
  const std::string url = "memory:" + (folder / "snapshot").string();
  for (const std::string quiet : {"-v", "-q"}) {
    std::ofstream(folder / "snapshot") << "CKSNAP\x1a\n and then nonsense";
    const auto result = run_cachekit({quiet, "-u", url, "set", "k", "v"});
    CHECK(result.exit_code == 0);
    CHECK(result.err.find("cachekit: warning: the snapshot ") != std::string::npos);
    CHECK(run_cachekit({"-u", url, "get", "k"}).out == "v");
  }
}

TEST_CASE("somebody's file is not taken for a snapshot", "[cli][memory]") {
  const TempDir folder;
  const std::string url = "memory:" + (folder / "notes.txt").string();
  std::ofstream(folder / "notes.txt") << "pay the rent";
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"set", "k", "v"}, {"get", "k"}, {"clear", "--yes"}, {"warm", "/dev/null"}}) {
    INFO(command.front());
    std::vector<std::string> arguments{"-q", "-u", url};
    arguments.insert(arguments.end(), command.begin(), command.end());
    const auto refused = run_cachekit(arguments);
    CHECK(refused.exit_code == 5);
    CHECK(refused.err.find("notes.txt is no snapshot of cachekit") != std::string::npos);
    CHECK(refused.err.find("\nhint: ") != std::string::npos);
  }
  std::ifstream notes(folder / "notes.txt");
  CHECK(std::string(std::istreambuf_iterator<char>(notes), {}) == "pay the rent");
}
