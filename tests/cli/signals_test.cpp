#include "cli/run_cachekit.hpp"
#include "cli/shell.hpp"
#include "support/catch.hpp"
#include "support/servers.hpp"

#include <cachekit/redis.hpp>

#include <chrono>
#include <csignal>
#include <fstream>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace cachekit;
using namespace cachekit::test;

namespace {

struct Case {
  int signal;
  int code;
};
const std::vector<Case> signals{{SIGINT, 130}, {SIGTERM, 143}, {SIGHUP, 129}};

// All budgets are an hour: only the signal can end a wait.
std::vector<std::string> patient(const std::string& url, std::vector<std::string> command) {
  command.insert(command.begin(), {"-u", url, "--timeout", "1h", "-o",
                                   (url.starts_with("redis") ? "redis" : "memcached") +
                                       std::string(".connection_timeout=1h")});
  return command;
}

std::size_t keys_of(RedisBackend& backend) {
  return backend.command({"KEYS", "cachekit-bench:*"}).value().elements.size();
}

// For a backend that asks a server beside a busy bench.
RedisConfig patient(const RedisServer& server) {
  return {.host = server.host(),
          .port = server.port(),
          .connection_timeout = std::chrono::minutes(1),
          .operation_timeout = std::chrono::minutes(1)};
}

long calls_of(RedisBackend& backend, const std::string& command) {
  const std::string figures = backend.command({"INFO", "commandstats"}).value().text;
  const std::size_t at = figures.find("cmdstat_" + command + ":calls=");
  if (at == std::string::npos) return 0;
  return std::stol(figures.substr(figures.find('=', at) + 1));
}

// A bench whose server hangs is ended: it prints what it has, and says what it leaves there.
void check_ends_beside_hung(RedisServer& server, RunningCommand& running) {
  server.stop();
  running.signal(SIGINT);
  const CommandResult result = running.wait();
  CHECK(result.exit_code == 130);
  CHECK(result.out.find("get") != std::string::npos);
  CHECK(result.err.find("keys were left behind") != std::string::npos);
}

// What the reader of a pipe has not taken yet.
int unread(int pipe) {
  int bytes = 0;
  REQUIRE(::ioctl(pipe, FIONREAD, &bytes) == 0);
  return bytes;
}

}  // namespace

TEST_CASE("a signal ends the wait for a hung server at once", "[cli][signals]") {
  for (const auto& [signal, code] : signals) {
    INFO(signal);
    RedisServer server;
    RedisBackend backend(patient(server));
    REQUIRE(backend.connect());
    server.stop();
    for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
             {"get", "a"}, {"ping"}, {"incr", "n"}, {"stats"}, {"keys"}}) {
      INFO(command.front());
      RunningCommand running(patient(server.url(), command));
      // It waits once the kernel has taken its connection for the server.
      wait_until([&] { return running.sockets() > 0 && running.sleeps(); });
      running.signal(signal);
      CHECK(running.wait().exit_code == code);
    }
    server.resume();
  }
}

TEST_CASE("a signal in the middle of a load leaves its count and its checkpoint",
          "[cli][signals]") {
  const TempDir folder;
  RedisServer server;
  RedisBackend backend(patient(server));
  REQUIRE(::mkfifo((folder / "records").c_str(), 0600) == 0);
  RunningCommand running(patient(server.url(), {"warm", (folder / "records").string(),
                                                "--checkpoint", (folder / "checkpoint").string()}));
  const int records = ::open((folder / "records").c_str(), O_WRONLY | O_CLOEXEC);
  const auto write = [&](int from, int to) {
    std::string text;
    for (int i = from; i < to; ++i) {
      text += "{\"key\":\"k" + std::to_string(i) + "\",\"value\":\"v\"}\n";
    }
    REQUIRE(::write(records, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  };
  write(0, 500);
  wait_until([&] { return std::filesystem::exists(folder / "checkpoint"); });
  server.stop();
  write(500, 1000);
  wait_until([&] { return unread(records) == 0 && running.sleeps(); });
  running.signal(SIGTERM);
  const CommandResult result = running.wait();
  ::close(records);
  CHECK(result.exit_code == 143);
  CHECK(result.out.find("stored 500, skipped 0, bad 0, unknown 500") == 0);
  CHECK(result.err.find("interrupted") != std::string::npos);
  CHECK(result.err.find("resumes from") != std::string::npos);
}

TEST_CASE("a signal ends a load that waits for its input, and one without a writer",
          "[cli][signals]") {
  const TempDir folder;
  RedisServer server;
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  for (const bool writer : {false, true}) {
    for (const auto& [signal, code] : signals) {
      INFO(signal);
      RunningCommand running({"-u", server.url(), "warm", (folder / "pipe").string()});
      std::ofstream records;
      if (writer) records.open(folder / "pipe");
      wait_until([&] { return running.sleeps(); });
      running.signal(signal);
      CHECK(running.wait().exit_code == code);
    }
  }
}

TEST_CASE("a hang-up during bench prints what there is and removes its keys", "[cli][signals]") {
  for (const auto& [signal, code] : signals) {
    INFO(signal);
    RedisServer server;
    RedisBackend backend(patient(server));
    RunningCommand running(
        {"-u", server.url(), "bench", "--duration", "1h", "--keys", "3000", "--warmup", "0s"});
    wait_until([&] { return keys_of(backend) == 3000; });
    running.signal(signal);
    const CommandResult result = running.wait();
    CHECK(result.exit_code == code);
    CHECK(result.out.find("get") != std::string::npos);
    CHECK(keys_of(backend) == 0);
  }
}

TEST_CASE("two signals at once are one", "[cli][signals]") {
  RedisServer server;
  RedisBackend backend(patient(server));
  RunningCommand running(
      {"-u", server.url(), "bench", "--duration", "1h", "--keys", "3000", "--warmup", "0s"});
  wait_until([&] { return keys_of(backend) == 3000; });
  running.signal(SIGSTOP);  // Both are there when it goes on.
  running.signal(SIGINT);
  running.signal(SIGTERM);
  running.signal(SIGCONT);
  const CommandResult result = running.wait();
  CHECK((result.exit_code == 130 || result.exit_code == 143));
  CHECK(result.out.find("get") != std::string::npos);
  CHECK(keys_of(backend) == 0);
}

TEST_CASE("a signal while bench fills removes no more keys than it wrote", "[cli][signals]") {
  RedisServer server;
  RedisBackend backend(patient(server));
  RunningCommand running({"-u", server.url(), "bench", "--keys", "100000000"});
  wait_until([&] { return calls_of(backend, "set") > 0; });
  running.signal(SIGINT);
  const CommandResult result = running.wait();
  CHECK(result.exit_code == 130);
  CHECK(calls_of(backend, "unlink") > 0);
  CHECK(calls_of(backend, "unlink") <= calls_of(backend, "set"));
}

TEST_CASE("a signal while bench fills leaves no figures, for nothing was measured",
          "[cli][signals]") {
  for (const bool json : {true, false}) {
    RedisServer server;
    RedisBackend backend(patient(server));
    std::vector<std::string> arguments{"-u", server.url()};
    if (json) arguments.emplace_back("--json");
    for (const char* word : {"bench", "--keys", "100000000"}) arguments.emplace_back(word);
    if (!json) {
      for (const char* word : {"--sweep", "threads=2,3"}) arguments.emplace_back(word);
    }
    RunningCommand running(arguments);
    wait_until([&] { return calls_of(backend, "set") > 0; });
    running.signal(SIGINT);
    const CommandResult result = running.wait();
    CHECK(result.exit_code == 130);
    if (json)
      CHECK(result.out.find(R"("total":{"throughput":null,"count":null)") != std::string::npos);
    if (!json) CHECK(result.out.empty());
  }
}

TEST_CASE("a signal while bench replays a trace removes no more keys than it wrote",
          "[cli][signals]") {
  const TempDir folder;
  {
    std::ofstream trace(folder / "trace");
    for (int i = 0; i < 1'000'000; ++i) trace << i << "\n";
  }
  RedisServer server;
  RedisBackend backend(patient(server));
  RunningCommand running(
      {"-u", server.url(), "bench", "--distribution", "trace:" + (folder / "trace").string()});
  wait_until([&] { return calls_of(backend, "set") > 0; });
  running.signal(SIGINT);
  CHECK(running.wait().exit_code == 130);
  CHECK(calls_of(backend, "unlink") > 0);
  CHECK(keys_of(backend) == 0);
  CHECK(calls_of(backend, "unlink") <= calls_of(backend, "get"));
}

TEST_CASE("a signal ends bench also when its server hangs", "[cli][signals]") {
  const bool fills = GENERATE(true, false);
  INFO(fills);
  RedisServer server;
  RedisBackend backend(patient(server));
  RunningCommand running(patient(server.url(), {"bench", "--duration", "1h", "--warmup", "0s",
                                                "--keys", fills ? "100000000" : "1000"}));
  wait_until([&] { return calls_of(backend, fills ? "set" : "get") > 0; });
  check_ends_beside_hung(server, running);
}

TEST_CASE("a signal while bench removes its keys is not lost", "[cli][signals]") {
  RedisServer server;
  RedisBackend backend(patient(server));
  RunningCommand running(
      patient(server.url(), {"bench", "--requests", "10", "--warmup", "0s", "--keys", "300000"}));
  wait_until([&] { return calls_of(backend, "unlink") > 0; });
  check_ends_beside_hung(server, running);
}

TEST_CASE("under nohup a hang-up is nothing", "[cli][signals]") {
  CHECK(run_shell("trap '' HUP; mkfifo $home/p; $cachekit -u memory:$home/s warm $home/p "
                  ">$home/o 2>&1 & p=$!; exec 3>$home/p; kill -HUP $p;"
                  "echo '{\"key\":\"a\",\"value\":1}' >&3; exec 3>&-; wait $p; echo $?") == "0\n");
}

TEST_CASE("a signal ends a command whose output nobody reads", "[cli][signals]") {
  CHECK(
      run_shell("yes $(printf %0500d 0) | head -3000 | awk '{printf \"{\\\"key\\\":\\\"k%d\\\","
                "\\\"value\\\":\\\"%s\\\"}\\n\", NR, $1}' | $cachekit -q -u memory:$home/s warm - "
                ">/dev/null; mkfifo $home/p; exec 4<>$home/p;"
                "$cachekit -u memory:$home/s dump 2>$home/e >$home/p & p=$!;"
                "until grep -q '^State:.S' /proc/$p/status; do :; done;"
                "kill -TERM $p; wait $p; echo $?") == "143\n");
}
