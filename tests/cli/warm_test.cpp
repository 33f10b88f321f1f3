#include "cli/run_cachekit.hpp"
#include "support/catch.hpp"
#include "support/servers.hpp"
#include "support/temp_dir.hpp"

#include <cachekit/redis.hpp>

#include <algorithm>
#include <csignal>
#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace cachekit::test;
using nlohmann::json;

namespace {

// Ten seconds' worth at 2,000 a second: whatever happens to a load happens in its middle.
constexpr int many = 20'000;

std::string records(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += fmt::format("{{\"key\":\"k{}\",\"value\":\"v{}\"}}\n", i, i);
  }
  return text;
}

std::filesystem::path write_file(const TempDir& folder, const char* name, const std::string& text) {
  const std::filesystem::path file = folder / name;
  std::ofstream(file, std::ios::binary) << text;
  return file;
}

std::string memory_in(const TempDir& folder) { return "memory:" + (folder / "snapshot").string(); }

}  // namespace

TEST_CASE("warm loads a file into the snapshot that get reads", "[cli][warm]") {
  const TempDir folder;
  const auto file = write_file(folder, "in.ndjson", records(1000));
  const std::string url = memory_in(folder);
  const auto warmed = run_cachekit({"-u", url, "warm", file.string()});
  CHECK(warmed.exit_code == 0);
  CHECK(warmed.out.find("stored 1000, skipped 0, bad 0") == 0);
  CHECK(warmed.err.empty());
  CHECK(run_cachekit({"-u", url, "get", "k999"}).out == "v999");
}

TEST_CASE("warm reads NDJSON, CSV and TSV from files and standard input", "[cli][warm]") {
  const TempDir folder;
  const std::string url = memory_in(folder);
  const auto csv = write_file(folder, "in.csv", "sku,doc\r\nc1,\"a, \"\"b\"\"\"\r\n");
  const auto tsv = write_file(folder, "in.tsv", "key\tvalue\nt1\tx,y\n");
  CHECK(
      run_cachekit({"-u", url, "warm", csv.string(), "--key-field", "sku", "--value-field", "doc"})
          .exit_code == 0);
  CHECK(run_cachekit({"-u", url, "warm", tsv.string()}).exit_code == 0);
  CHECK(run_cachekit({"-u", url, "warm", "-"}, records(1)).exit_code == 0);
  CHECK(run_cachekit({"-u", url, "warm", "-", "--format", "csv"}, "key,value\np,q\n").exit_code ==
        0);
  CHECK(run_cachekit({"-u", url, "get", "c1"}).out == "a, \"b\"");
  CHECK(run_cachekit({"-u", url, "get", "t1"}).out == "x,y");
  CHECK(run_cachekit({"-u", url, "get", "k0"}).out == "v0");
  CHECK(run_cachekit({"-u", url, "get", "p"}).out == "q");
}

TEST_CASE("warm names the lines of bad records and exits with 1", "[cli][warm]") {
  const TempDir folder;
  const auto file =
      write_file(folder, "in.ndjson", "{\"key\":\"a\",\"value\":\"1\"}\n\nnonsense\n{\"key\":3}\n");
  const auto warmed = run_cachekit({"-u", "memory:", "warm", file.string()});
  CHECK(warmed.exit_code == 1);
  CHECK(warmed.out.find("stored 1, skipped 0, bad 2") == 0);
  CHECK(warmed.err.find(file.string() + ":3: not valid JSON") != std::string::npos);
  CHECK(warmed.err.find(file.string() + ":4: no field 'value'") != std::string::npos);

  CHECK(
      run_cachekit({"-u", "memory:", "-q", "warm", file.string()}).err.find(":3: not valid JSON") !=
      std::string::npos);

  const auto as_json = run_cachekit({"-u", "memory:", "--json", "warm", file.string()});
  const json summary = json::parse(as_json.out);
  CHECK(summary.at("stored") == 1);
  CHECK(summary.at("bad") == 2);
  CHECK(summary.at("bad_lines").at(1).at("line") == 4);
  CHECK(summary.at("complete") == true);

  const auto stopped =
      run_cachekit({"-u", "memory:", "warm", "--max-errors", "0", "-"}, "x\n" + records(5));
  CHECK(stopped.exit_code == 1);
  CHECK(stopped.out.find("stored 0, skipped 0, bad 1") == 0);
}

TEST_CASE("warm refuses arguments that make no sense", "[cli][warm]") {
  const TempDir folder;
  const auto file = write_file(folder, "in.ndjson", records(1));
  const std::string in = file.string();
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"warm"},
        {"warm", in, "--rate", "fast"},
        {"warm", in, "--ttl", "0s"},
        {"warm", in, "--jitter", "2"},
        {"warm", in, "--format", "xml"},
        {"warm", in, "--max-errors", "-1"},
        {"warm", (folder / "none").string()},
        {"warm", folder.path().string()},
        {"warm", in, "--checkpoint", (folder / "c").string()}}) {
    CAPTURE(arguments);
    std::vector<std::string> all{"-u", "memory:"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const auto refused = run_cachekit(all);
    CHECK(refused.exit_code == 2);
    CHECK(refused.err.find("cachekit: ") == 0);
    CHECK(refused.err.find("\nhint: ") != std::string::npos);
  }
}

TEST_CASE("warm gives each server the records, TTLs included", "[cli][warm][redis][memcached]") {
  const RedisServer redis;
  const MemcachedServer one;
  const MemcachedServer two;
  const MemcachedServer three;
  const std::string memcached =
      fmt::format("memcached://{},{},{}", one.endpoint(), two.endpoint(), three.endpoint());
  const std::string input = records(2000) + "{\"key\":\"own\",\"value\":\"x\",\"ttl\":\"90s\"}\n";
  for (const std::string& url : {redis.url(), memcached}) {
    CAPTURE(url);
    const auto warmed =
        run_cachekit({"-u", url, "warm", "-", "--ttl", "1h", "--jitter", "10%"}, input);
    CHECK(warmed.exit_code == 0);
    CHECK(warmed.out.find("stored 2001") == 0);
    CHECK(run_cachekit({"-u", url, "get", "k1999"}).out == "v1999");
    const auto again =
        run_cachekit({"-u", url, "warm", "-", "--skip-existing"}, input + records(2001));
    CHECK(again.out.find("stored 1, skipped 4001") == 0);
  }
  cachekit::RedisBackend backend({.host = redis.host(), .port = redis.port()});
  const cachekit::Ttl own = (*backend.ttl("own")).value();
  CHECK(own.duration() <= std::chrono::seconds(90));
  CHECK(own.duration() > std::chrono::seconds(30));
  const cachekit::Ttl jittered = (*backend.ttl("k5")).value();
  CHECK(jittered.duration() > std::chrono::minutes(50));
  CHECK(jittered.duration() <= std::chrono::hours(1));
}

TEST_CASE("a server killed during warm is exit 4, and the next warm completes it",
          "[cli][warm][faults]") {
  const TempDir folder;
  RedisServer server;
  const auto file = write_file(folder, "in.ndjson", records(many));
  const std::string checkpoint = (folder / "checkpoint").string();
  const std::vector<std::string> command{"-u",           server.url(), "warm",
                                         file.string(),  "--rate",     "2000/s",
                                         "--checkpoint", checkpoint,   "--json"};
  RunningCommand running(command);
  wait_until([&] { return std::filesystem::exists(checkpoint); });
  server.kill();
  const auto broken = running.wait();
  CHECK(broken.exit_code == 4);
  const json summary = json::parse(broken.out);
  CHECK(summary.at("stored") > 0);
  CHECK(summary.at("stored") < many);
  CHECK(summary.at("complete") == false);
  CHECK(broken.err.find("resumes from " + checkpoint) != std::string::npos);

  server.restart();
  const auto again =
      run_cachekit({"-u", server.url(), "warm", file.string(), "--checkpoint", checkpoint});
  CHECK(again.exit_code == 0);
  cachekit::RedisBackend backend({.host = server.host(), .port = server.port()});
  for (int i = 0; i < many; ++i)
    REQUIRE(*backend.get(fmt::format("k{}", i)) == fmt::format("v{}", i));
}

TEST_CASE("Ctrl-C during warm prints what was done, exits with 130, and can be resumed",
          "[cli][warm]") {
  const TempDir folder;
  const RedisServer server;
  const auto file = write_file(folder, "in.ndjson", records(many));
  const std::string checkpoint = (folder / "checkpoint").string();
  RunningCommand running({"-u", server.url(), "warm", file.string(), "--rate", "2000/s",
                          "--checkpoint", checkpoint, "--json"});
  wait_until([&] { return std::filesystem::exists(checkpoint); });
  running.signal(SIGINT);
  const auto stopped = running.wait();
  CHECK(stopped.exit_code == 130);
  const int stored = json::parse(stopped.out).at("stored");
  CHECK(stored > 0);
  CHECK(stored < many);

  const auto rest = run_cachekit(
      {"-u", server.url(), "--json", "warm", file.string(), "--checkpoint", checkpoint});
  CHECK(rest.exit_code == 0);
  const json summary = json::parse(rest.out);
  CHECK(summary.at("resumed") == stored);
  CHECK(summary.at("stored") == many - stored);
}

TEST_CASE("warm into a server that is not there is exit 4 with two lines", "[cli][warm]") {
  const ReservedPort port;
  const auto failed = run_cachekit(
      {"-u", fmt::format("redis://127.0.0.1:{}", port.number()), "warm", "-"}, records(1));
  CHECK(failed.exit_code == 4);
  CHECK(std::count(failed.err.begin(), failed.err.end(), '\n') == 2);
}
