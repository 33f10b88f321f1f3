#include "cli/run_cachekit.hpp"
#include "cli/shell.hpp"
#include "support/catch.hpp"
#include "support/servers.hpp"

#include <fstream>

using namespace cachekit::test;

TEST_CASE("a closed pipe ends quietly", "[cli][output]") {
  CHECK(run_shell("mkfifo $home/pipe; exec 3<>$home/pipe; exec 4>$home/pipe; exec 3<&-\n"
                  "$cachekit backends 2>$home/err >&4; echo code $?; cat $home/err") == "code 0\n");
}

TEST_CASE("a full disk behind stdout is an error, not silence", "[cli][output]") {
  const std::string out = run_shell("$cachekit backends 2>&1 >/dev/full; echo code $?");
  CHECK(out.find("cachekit: output: No space left on device\nhint: ") == 0);
  CHECK(out.find("code 5\n") != std::string::npos);
}

TEST_CASE("an answer that is lost does not hide that the change was made", "[cli][output]") {
  const std::string url = "-u memory:$home/snapshot";
  const std::string out = run_shell("$cachekit " + url + " incr n 2>&1 >/dev/full; echo code $?");
  CHECK(out.find("cachekit: output: No space left on device; the command had done its work\n"
                 "hint: read back what it wrote before you run it again; ") == 0);
  CHECK(out.find("code 5\n") != std::string::npos);
  CHECK(run_shell("$cachekit " + url + " get n >/dev/full 2>&1 | grep -c 'done its work'") ==
        "0\n");
  CHECK(run_shell("echo '{\"key\":\"k\",\"value\":\"v\"}' | $cachekit --json " + url +
                  " warm - 2>&1 >/dev/full")
            .find("the command had done its work") != std::string::npos);
}

TEST_CASE("what a cache without a file forgets is not silently done", "[cli][output]") {
  for (const std::string target : {"-u memory:", "-p test", "-q -u 'memory:?capacity=8MiB'"}) {
    for (const std::string command : {"set k v", "incr n", "warm -"}) {
      INFO(target << " " << command);
      const std::string err = run_shell("echo '{\"key\":\"k\",\"value\":\"v\"}' | $cachekit " +
                                        target + " " + command + " 2>&1 >/dev/null; echo code $?");
      CHECK(err.find("cachekit: warning: this cache ends with the command") == 0);
      CHECK(err.find("code 0\n") != std::string::npos);
    }
    CHECK(run_shell("$cachekit " + target + " exists k 2>&1") == "0\n");
  }
}

TEST_CASE("a closed stderr changes no exit code", "[cli][output]") {
  CHECK(run_shell("$cachekit get nobody 2>/dev/full; echo code $?") == "code 1\n");
  CHECK(run_shell("$cachekit --nonsense 2>/dev/full; echo code $?") == "code 2\n");
  CHECK(run_shell("$cachekit --nonsense 2>&-; echo code $?") == "code 2\n");
}

TEST_CASE("a single value ends with a newline on a terminal only", "[cli][output]") {
  const std::string on_terminal =
      run_shell("$cachekit set k value; script -qec \"$cachekit get k\" /dev/null </dev/null");
  CHECK(on_terminal == "value\r\n");
  CHECK(run_shell("$cachekit set k value; $cachekit get k") == "value");
}

TEST_CASE("colour is for terminals, and NO_COLOR switches it off", "[cli][output]") {
  const std::string red = "\x1b[31m";
  CHECK(run_shell("$cachekit --color always --nonsense 2>&1").find(red) == 0);
  CHECK(run_shell("$cachekit --nonsense 2>&1").find(red) == std::string::npos);
  CHECK(
      run_shell("TERM=xterm script -qec \"$cachekit --nonsense\" /dev/null </dev/null").find(red) ==
      0);
  CHECK(run_shell("NO_COLOR=1 TERM=xterm script -qec \"$cachekit --nonsense\" /dev/null </dev/null")
            .find(red) == std::string::npos);
}

TEST_CASE("on a terminal, clear asks and takes yes for yes", "[cli][output][clear]") {
  const std::string dialogue =
      "$cachekit set k v\n"
      "for answer in no yes; do\n"
      "  echo $answer | script -qec \"$cachekit clear\" /dev/null >$home/log\n"
      "  echo code $?\n"
      "  $cachekit -q exists k\n"
      "done\n";
  CHECK(run_shell(dialogue) == "code 1\n1\ncode 0\n0\n");
}

TEST_CASE("no secret is in any output at any verbosity", "[cli][output]") {
  const std::string canary = "c4nary-s3cret";
  const RedisServer server({.password = canary});
  const TempDir folder;
  const std::string file = (folder / "cachekit.toml").string();
  std::ofstream(file) << "[profiles.x]\nbackend = \"redis\"\n[profiles.x.redis]\nhost = "
                         "\"127.0.0.1\"\nport = "
                      << server.port() << "\npassword = \"" << canary << "\"\n";
  const std::string url = "redis://:" + canary + "@" + server.endpoint();
  const std::string option = "redis.password=" + canary;
  const std::vector<std::vector<std::string>> commands{
      {"-u", url, "-v", "get", "k"},
      {"-u", url, "-v", "--json", "ping"},
      {"-u", url, "-v", "stats", "--raw"},
      {"-u", url, "-v", "config", "show", "--origin"},
      {"-u", url, "-v", "--json", "config", "show", "--origin"},
      {"-u", url, "-v", "doctor"},
      {"-u", url, "-v", "clear"},
      {"-u", url + "wrong", "-v", "get", "k"},
      {"-u", url + ":99999", "-v", "get", "k"},
      {"-u", "rediss" + url.substr(5), "-v", "get", "k"},
      {"--ulr", url, "get", "k"},
      {"--ulr=" + url, "get", "k"},
      {"-c", file, "-p", "x", "-v", "get", "k"},
      {"-c", file, "-p", "x", "config", "show"},
      {"-c", file, "-p", "x", "config", "check"},
      {"-u", "redis://" + server.endpoint(), "-o", option, "-v", "get", "k"},
      {"-u", "redis://" + server.endpoint(), "-o", "redis.pasword=" + canary, "get", "k"},
  };
  for (const auto& command : commands) {
    const auto result = run_cachekit(command);
    INFO(result.out << result.err);
    CHECK(result.out.find(canary) == std::string::npos);
    CHECK(result.err.find(canary) == std::string::npos);
  }
  CHECK(run_cachekit({"-u", url, "get", "k"}).err.find("warning: the password in the URL") !=
        std::string::npos);
  CHECK(run_cachekit({"-u", "redis://" + server.endpoint(), "-o", option, "get", "k"})
            .err.find("warning: redis.password on the command line") != std::string::npos);
}
