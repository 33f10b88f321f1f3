#include "cli/run_cachekit.hpp"
#include "support/catch.hpp"
#include "support/servers.hpp"
#include "support/temp_dir.hpp"

#include <cachekit/memcached.hpp>
#include <cachekit/redis.hpp>

#include <array>
#include <csignal>
#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace cachekit::test;
using nlohmann::json;

namespace {

CommandResult bench(const std::string& url, std::vector<std::string> more) {
  std::vector<std::string> arguments{"-u",     url,   "bench",    "--requests", "3000",
                                     "--keys", "200", "--warmup", "0s"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_cachekit(arguments);
}

}  // namespace

TEST_CASE("bench measures each backend, verifies its answers and leaves no key",
          "[cli][bench][verify]") {
  const RedisServer redis;
  const MemcachedServer memcached;
  for (const std::string& url : {std::string("memory:"), redis.url(), memcached.url()}) {
    CAPTURE(url);
    const auto done =
        bench(url, {"--threads", "4", "--verify", "--json", "--distribution", "zipf:0.99"});
    REQUIRE(done.exit_code == 0);
    const json report = json::parse(done.out);
    CHECK(report.at("schema") == "cachekit-bench/1");
    CHECK(report.at("total").at("count") == 3000);
    CHECK(report.at("total").at("errors") == 0);
    CHECK(report.at("total").at("wrong_answers") == 0);
    CHECK(report.at("total").at("hit_ratio") == 1.0);
    CHECK(report.at("settings").at("distribution") == "zipf:0.99");
  }
  cachekit::RedisBackend backend({.host = redis.host(), .port = redis.port()});
  CHECK(backend.command({"DBSIZE"})->integer == 0);
}

TEST_CASE("bench prints a table for people and says what a closed loop hides", "[cli][bench]") {
  const auto done = bench("memory:", {});
  CHECK(done.exit_code == 0);
  CHECK(done.out.find("p99.9") != std::string::npos);
  CHECK(done.out.find("\nget ") != std::string::npos);
  CHECK(done.out.find("\nset ") != std::string::npos);
  CHECK(done.out.find("coordinated omission") != std::string::npos);
  CHECK(done.err.empty());
}

TEST_CASE("a gate that falls short is exit 7, one that holds is exit 0", "[cli][bench][gate]") {
  const auto failed = bench("memory:", {"--fail-if", "errors>0", "--fail-if", "get.throughput<1e3",
                                        "--fail-if", "total.hit_ratio<1.1"});
  CHECK(failed.exit_code == 2);  // 1e3 is no plain number.
  const auto fell = bench("memory:", {"--fail-if", "errors>0", "--fail-if", "hit_ratio<1.1"});
  CHECK(fell.exit_code == 7);
  CHECK(fell.err.find("gate hit_ratio<1.1: is 1") != std::string::npos);
  CHECK(bench("memory:", {"--fail-if", "errors>0", "--fail-if", "hit_ratio<1"}).exit_code == 0);
}

TEST_CASE("bench refuses what it does not know instead of passing over it", "[cli][bench]") {
  for (const std::vector<std::string>& more : {std::vector<std::string>{"--fail-if", "get.p98>1"},
                                               {"--fail-if", "get.p99>+10%"},
                                               {"--rate", "100/s"},
                                               {"--pipeline", "4"},
                                               {"--mode", "aside"},
                                               {"--compare", "x"},
                                               {"--html", "x"},
                                               {"--hdr", "x"},
                                               {"--save", "x"},
                                               {"--distribution", "trace:/none"},
                                               {"--distribution", "trace:-"},
                                               {"--distribution", "trace:/"},
                                               {"--distribution", "trace:/dev/null"},
                                               {"--capacity", "0items"},
                                               {"--capacity", "many"},
                                               {"--policy", "clock"},
                                               {"--duration", "1s"},
                                               {"--threads", "0"},
                                               {"--threads", "-1"},
                                               {"--seed", "-1"},
                                               {"--ratio", "0:0"},
                                               {"--keys", "0"},
                                               {"--value-size", "10", "--verify"},
                                               {"--sweep", "seed=1"}}) {
    CAPTURE(more);
    const auto refused = bench("memory:", more);
    CHECK(refused.exit_code == 2);
    CHECK(refused.out.empty());
  }
  for (const std::vector<std::string>& more :
       std::vector<std::vector<std::string>>{{"--pool-size", "4"}, {"--sweep", "pool-size=1,2"}}) {
    CHECK(bench("memory:", more).exit_code == 6);  // It has none.
  }
}

TEST_CASE("bench replays a trace on each backend, and leaves no key", "[cli][bench][trace]") {
  const TempDir folder;
  const std::string trace = (folder.path() / "trace").string();
  std::ofstream(trace) << "a\nb\na\nc\na\n";
  const RedisServer redis;
  const MemcachedServer memcached;
  for (const std::string& url : {std::string("memory:"), redis.url(), memcached.url()}) {
    CAPTURE(url);
    const auto done =
        run_cachekit({"-u", url, "bench", "--json", "--distribution", "trace:" + trace});
    REQUIRE(done.exit_code == 0);
    const json report = json::parse(done.out);
    CHECK(report.at("total").at("hit_ratio") == 0.4);
    CHECK(report.at("total").at("errors") == 0);
    CHECK(report.at("settings").at("distribution") == "trace:" + trace);
  }
  cachekit::RedisBackend backend({.host = redis.host(), .port = redis.port()});
  CHECK(backend.command({"DBSIZE"})->integer == 0);

  const auto bounded = run_cachekit({"-u", "memory:", "bench", "--distribution", "trace:" + trace,
                                     "--capacity", "1items", "--policy", "fifo"});
  CHECK(bounded.exit_code == 0);
  CHECK(bounded.out.find("hit ratio 0.0000") != std::string::npos);
  CHECK(bounded.out.find("of 1items (fifo)") != std::string::npos);
  CHECK(run_cachekit({"-u", redis.url(), "bench", "--capacity", "5items"}).exit_code == 6);
  CHECK(run_cachekit({"-u", "memory:", "bench", "--distribution", "trace:" + trace, "--keys", "5"})
            .exit_code == 2);
}

TEST_CASE("a sweep is a row for each value, or a line of JSON", "[cli][bench][sweep]") {
  const RedisServer server;
  const auto table = bench(server.url(), {"--sweep", "pool-size=1,2,4", "--threads", "4"});
  CHECK(table.exit_code == 0);
  CHECK(table.out.find(" pool-size ") == 0);
  const auto lines = bench(server.url(), {"--sweep", "pool-size=1,2", "--json"});
  CHECK(lines.exit_code == 0);
  const std::size_t newline = lines.out.find('\n');
  CHECK(json::parse(lines.out.substr(0, newline)).at("settings").at("pool_size") == 1);
  CHECK(json::parse(lines.out.substr(newline + 1)).at("settings").at("pool_size") == 2);
}

TEST_CASE("bench leaves the user's snapshot alone", "[cli][bench]") {
  const TempDir folder;
  const std::string url = "memory:" + (folder / "snapshot").string();
  REQUIRE(run_cachekit({"-u", url, "set", "mine", "kept"}).exit_code == 0);
  const auto before = std::filesystem::last_write_time(folder / "snapshot");
  REQUIRE(bench(url, {}).exit_code == 0);
  CHECK(std::filesystem::last_write_time(folder / "snapshot") == before);
  CHECK(run_cachekit({"-u", url, "keys"}).out == "mine\n");
}

TEST_CASE("bench without a server is exit 4", "[cli][bench]") {
  const ReservedPort port;
  const auto failed = bench(fmt::format("redis://127.0.0.1:{}", port.number()), {});
  CHECK(failed.exit_code == 4);
  CHECK(failed.out.empty());
}

TEST_CASE("a bench of which the server stores nothing says why, and of no keys left behind",
          "[cli][bench][faults]") {
  const RedisServer server;
  const std::string limit = "OOM command not allowed";
  cachekit::RedisBackend admin({.host = server.host(), .port = server.port()});
  REQUIRE(admin.command({"CONFIG", "SET", "maxmemory", "1"}));
  const auto filling = bench(server.url(), {});
  CHECK(filling.exit_code == 5);
  CHECK(filling.err.find(limit) != std::string::npos);
  const auto setting = bench(server.url(), {"--ratio", "0:1"});
  CHECK(setting.exit_code == 4);
  CHECK(setting.err.find("no operation succeeded: " + limit) != std::string::npos);
  for (const auto& done : {filling, setting}) {
    INFO(done.err);
    CHECK(done.err.find("left behind") == std::string::npos);
  }
}

TEST_CASE("a node that hangs does not keep the others' keys from being removed",
          "[cli][bench][faults]") {
  std::array<MemcachedServer, 2> servers;
  const std::string url =
      fmt::format("memcached://{},{}", servers[0].endpoint(), servers[1].endpoint());
  cachekit::MemcachedBackend healthy({.servers = {servers[0].endpoint()}});
  RunningCommand running({"-u", url, "--timeout", "5s", "bench", "--duration", "3s", "--warmup",
                          "0s", "--keys", "2000"});
  wait_until([&] { return healthy.stats().nodes.at(0).hits.value_or(0) > 100; });
  servers[1].stop();
  const auto done = running.wait();
  CHECK(done.exit_code == 0);
  CHECK(done.err.find("keys were left behind") != std::string::npos);
  CHECK(healthy.stats().nodes.at(0).items == 0);
}

TEST_CASE("a server killed while a bench runs is counted, not fatal", "[cli][bench][faults]") {
  RedisServer server;
  cachekit::RedisBackend watcher({.host = server.host(), .port = server.port()});
  RunningCommand running({"-u", server.url(), "--json", "bench", "--duration", "3s", "--warmup",
                          "0s", "--keys", "100", "--verify", "--fail-if", "errors>0"});
  // The server has seen gets: the measurement is under way.
  wait_until([&] { return watcher.stats().nodes.at(0).hits.value_or(0) > 100; });
  server.kill();
  const auto done = running.wait();
  CHECK(done.exit_code == 7);
  const json report = json::parse(done.out);
  CHECK(report.at("total").at("errors") > 0);
  CHECK(report.at("total").at("wrong_answers") == 0);
  CHECK(report.at("failures").at(0).at("count") > 0);
}

TEST_CASE("Ctrl-C during a bench prints what there is and exits with 130", "[cli][bench]") {
  const RedisServer server;
  cachekit::RedisBackend watcher({.host = server.host(), .port = server.port()});
  RunningCommand running({"-u", server.url(), "--json", "bench", "--duration", "1h", "--warmup",
                          "0s", "--keys", "100"});
  wait_until([&] { return watcher.stats().nodes.at(0).hits.value_or(0) > 100; });
  running.signal(SIGINT);
  const auto stopped = running.wait();
  CHECK(stopped.exit_code == 130);
  const json report = json::parse(stopped.out);
  CHECK(report.at("interrupted") == true);
  CHECK(report.at("total").at("count") > 0);
  CHECK(watcher.command({"DBSIZE"})->integer == 0);
}

TEST_CASE("a gate that falls short is an error in JSON under --json", "[cli][bench][gate]") {
  const auto fell = run_cachekit({"-u", "memory:", "--json", "bench", "--requests", "100", "--keys",
                                  "10", "--warmup", "0s", "--fail-if", "total.count>0"});
  CHECK(fell.exit_code == 7);
  const auto error = nlohmann::json::parse(fell.err)["error"];
  CHECK(error["what"] == "bench");
  CHECK(error["message"].get<std::string>().starts_with("gate total.count>0: is 100"));
}
