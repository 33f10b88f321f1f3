#include "cli/redis_target.hpp"
#include "cli/shell.hpp"
#include "support/catch.hpp"

using namespace cachekit;
using namespace cachekit::test;

TEST_CASE("with stdout closed, a value never reaches the server as commands", "[cli][output]") {
  RedisTarget redis;
  REQUIRE(redis.backend.set("victim", "precious"));
  REQUIRE(redis.backend.set("evil", "DEL victim\r\n"));
  for (const std::string closed : {">&-", "<&- >&-", "<&- >&- 2>&-"}) {
    INFO(closed);
    CHECK(run_shell("$cachekit -q -u " + redis.url + " get evil 2>$home/err " + closed +
                    "; echo code $?") == "code 5\n");
    CHECK(*redis.backend.get("victim") == "precious");
  }
}

TEST_CASE("nothing is done whose result could not be told", "[cli][output]") {
  RedisTarget redis;
  for (const std::string closed : {">&-", "1</dev/null"}) {
    INFO(closed);
    REQUIRE(redis.backend.set("n", "1"));
    CHECK(run_shell("$cachekit -u " + redis.url + " incr n 2>&1 " + closed + "; echo code $?") ==
          "cachekit: output: standard output is closed; nothing was done\n"
          "hint: send it to a file, or to /dev/null where nobody wants it\ncode 5\n");
    CHECK(run_shell("$cachekit -u " + redis.url + " del n " + closed +
                    " 2>/dev/null; echo code $?") == "code 5\n");
    CHECK(run_shell("$cachekit --json -u " + redis.url + " set n 7 " + closed +
                    " 2>/dev/null; echo code $?") == "code 5\n");
    CHECK(*redis.backend.get("n") == "1");
  }
}

TEST_CASE("a command that prints nothing needs no stdout", "[cli][output]") {
  RedisTarget redis;
  CHECK(run_shell("$cachekit -u " + redis.url + " set k v 2>&1 >&-; echo code $?") == "code 0\n");
  CHECK(*redis.backend.get("k") == "v");
}

TEST_CASE("a warning that nobody can see is an error", "[cli][output]") {
  for (const std::string lost : {"2>&-", "2>/dev/full"}) {
    INFO(lost);
    CHECK(run_shell("$cachekit -u memory: set k v " + lost + "; echo code $?") == "code 5\n");
    CHECK(run_shell("$cachekit -u memory:$home/kept set k v " + lost + "; echo code $?") ==
          "code 0\n");
  }
  CHECK(run_shell("$cachekit -u memory: get k 2>&-; echo code $?") == "code 1\n");
}

TEST_CASE("standard input that is closed is named, and is no empty input", "[cli][output]") {
  for (const std::string command : {"warm -", "set k -"}) {
    for (const std::string closed : {"<&-", "0>/dev/null"}) {
      INFO(command << " " << closed);
      const std::string out =
          run_shell("$cachekit " + command + " " + closed + " 2>&1; echo code $?");
      CHECK(out.find("standard input: it is closed\nhint: ") != std::string::npos);
      CHECK(out.find("code 5\n") != std::string::npos);
    }
  }
  CHECK(run_shell("$cachekit exists k") == "0\n");
}

TEST_CASE("nor is it where a path names it", "[cli][output]") {
  const std::vector<std::string> commands{
      "set k --file /dev/stdin",      "set k --file /dev/fd/0",
      "set k --file /proc/self/fd/0", "set k --file /proc/thread-self/fd/0",
      "set k --file $home/link",      "warm --format csv /dev/stdin",
      "-c /dev/stdin config show"};
  for (const std::string& command : commands) {
    INFO(command);
    const std::string out =
        run_shell("ln -s /dev/stdin $home/link; $cachekit " + command + " <&- 2>&1; echo code $?");
    CHECK(out.find(": it is closed\nhint: ") != std::string::npos);
    CHECK(out.find("code 5\n") != std::string::npos);
  }
  CHECK(run_shell("$cachekit exists k") == "0\n");
  CHECK(run_shell("printf v | $cachekit set k --file /dev/stdin; $cachekit get k") == "v");
  CHECK(run_shell("$cachekit set k --file /dev/null <&-; echo code $?") == "code 0\n");
}

TEST_CASE("a version that nobody can see is an error, too", "[cli][output]") {
  CHECK(run_shell("$cachekit --version >&- 2>/dev/null; echo code $?") == "code 5\n");
}
