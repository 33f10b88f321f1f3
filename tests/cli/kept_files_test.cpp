#include "cli/run_cachekit.hpp"
#include "cli/shell.hpp"
#include "support/catch.hpp"
#include "support/sanitized.hpp"
#include "support/servers.hpp"
#include "support/temp_dir.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

using namespace cachekit::test;

namespace {

std::string long_records(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += fmt::format("{{\"key\":\"k{}\",\"value\":\"{}\"}}\n", i, std::string(100, 'v'));
  }
  return text;
}

std::ptrdiff_t keys_in(const std::string& url) {
  return std::ranges::count(run_cachekit({"-q", "-u", url, "keys"}).out, '\n');
}

}  // namespace

TEST_CASE("a snapshot keeps its mode, and the link that leads to it", "[cli][files]") {
  CHECK(run_shell("$cachekit -u memory:$home/real set a 1; stat -c %a $home/real;"
                  "chmod 660 $home/real; ln -s real $home/link;"
                  "$cachekit -u memory:$home/link set b 2; stat -c %a $home/real;"
                  "stat -c %F $home/link; $cachekit -u memory:$home/real keys | sort") ==
        "600\n660\nsymbolic link\na\nb\n");
}

TEST_CASE("who may write a snapshot may lock it, too", "[cli][files]") {
  CHECK(run_shell("$cachekit -u memory:$home/s set a 1; chmod 664 $home/s; rm $home/s.lock;"
                  "$cachekit -u memory:$home/s set b 2; stat -c %a $home/s.lock") == "664\n");
}

TEST_CASE("two names of a snapshot share one lock", "[cli][files]") {
  const TempDir folder;
  REQUIRE(run_cachekit({"-u", "memory:" + (folder / "real").string(), "set", "a", "1"}).exit_code ==
          0);
  std::filesystem::create_symlink("real", folder / "link");
  REQUIRE(::mkfifo((folder / "records").c_str(), 0600) == 0);
  RunningCommand holder(
      {"-u", "memory:" + (folder / "real").string(), "warm", (folder / "records").string()});
  std::ofstream records(folder / "records");  // Once it is there the holder reads, with the lock.
  records << "{\"key\":\"b\",\"value\":\"2\"}\n" << std::flush;
  const std::string link = "memory:" + (folder / "link").string();
  wait_until([&] {
    const auto refused =
        run_cachekit({"-u", link, "-o", "memory.connection_timeout=50ms", "set", "c", "3"});
    return refused.exit_code == 4 &&
           refused.err.find("another process holds the snapshot") != std::string::npos;
  });
  records.close();
  CHECK(holder.wait().exit_code == 0);
  CHECK(run_cachekit({"-u", link, "get", "b"}).out == "2");
}

TEST_CASE("a checkpoint in the place of the snapshot is refused", "[cli][files][warm]") {
  const TempDir folder;
  const std::string snapshot = (folder / "s").string();
  std::filesystem::create_symlink("s", folder / "link");
  std::filesystem::create_directory_symlink(".", folder / "here");
  const auto warm = [&](const std::string& url, const std::string& checkpoint) {
    return run_cachekit({"-u", url, "warm", "-", "--checkpoint", checkpoint}, long_records(3));
  };
  for (const std::string& name : {snapshot, (folder / "." / "s").string(),
                                  (folder / "link").string(), (folder / "here" / "s").string()}) {
    const auto refused = warm("memory:" + snapshot, name);
    INFO(name << refused.err);
    CHECK(refused.exit_code == 2);
    CHECK(refused.err.find("is the snapshot of the cache itself") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(snapshot));
  }
  CHECK(warm("memory:" + (folder / "link").string(), snapshot).exit_code == 2);
  CHECK(warm("memory:" + snapshot, (folder / "other").string()).exit_code == 0);
  CHECK(keys_in("memory:" + snapshot) == 3);
}

TEST_CASE("a checkpoint keeps its link and its mode, and no device is replaced", "[cli][files]") {
  const RedisServer redis;
  CHECK(
      run_shell("u=" + redis.url() +
                "; for i in $(seq 2000); do echo \"{\\\"key\\\":\\\"k$i\\\",\\\"value\\\":1}\"; "
                "done | sed '600s/.*/bad/;1500s/.*/bad/' > $home/r;"
                "$cachekit -q -u $u warm $home/r --max-errors 0 --checkpoint $home/real >/dev/null;"
                "chmod 640 $home/real; ln -s real $home/link;"
                "$cachekit -q -u $u warm $home/r --max-errors 0 --checkpoint $home/link >/dev/null;"
                "stat -c '%a %F' $home/real $home/link;"
                "mknod $home/null p;"
                "$cachekit -q -u $u warm $home/r --checkpoint $home/null >/dev/null 2>$home/e;"
                "echo code $?; grep -c 'not a regular file' $home/e; stat -c %F $home/null") ==
      "640 regular file\n777 symbolic link\ncode 2\n1\nfifo\n");
}

TEST_CASE("a snapshot that does not fit is never cut off", "[cli][files]") {
  const TempDir folder;
  const std::string url = "memory:" + (folder / "snapshot").string();
  REQUIRE(run_cachekit({"-u", url, "warm", "-"}, long_records(10'000)).exit_code == 0);
  const std::string small = url + "?capacity=1MiB";
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"set", "one", "1"}, {"incr", "n"}, {"del", "k1"}, {"touch", "k1", "--ttl", "1h"}}) {
    INFO(command.front());
    std::vector<std::string> arguments{"-u", small};
    arguments.insert(arguments.end(), command.begin(), command.end());
    const auto refused = run_cachekit(arguments);
    CHECK(refused.exit_code == 5);
    CHECK(refused.err.find("it would lose entries, and was left as it is") != std::string::npos);
    CHECK(refused.err.find("hint: raise memory.capacity to ") != std::string::npos);
  }
  CHECK(keys_in(url) == 10'000);
  const auto read = run_cachekit({"-u", small, "keys"});
  CHECK(read.exit_code == 5);
  CHECK(read.err.find("do not fit the capacity") != std::string::npos);
  CHECK(keys_in(url) == 10'000);
  CHECK(run_cachekit({"-u", url + "?max_entries=100", "set", "one", "1"}).exit_code == 5);
  CHECK(keys_in(url) == 10'000);
  CHECK(run_cachekit({"-u", small, "clear", "--yes"}).exit_code == 0);
  CHECK(keys_in(url) == 0);
}

TEST_CASE("a cache that is full is written again and again", "[cli][files]") {
  const TempDir folder;
  const std::string url = "memory:" + (folder / "snapshot").string() + "?capacity=4MiB";
  REQUIRE(run_cachekit({"-u", url, "warm", "-"}, long_records(50'000)).exit_code == 5);
  for (int i = 0; i < 5; ++i) {
    const auto set = run_cachekit({"-u", url, "set", fmt::format("new{}", i), "1"});
    INFO(set.err);
    CHECK(set.exit_code == 0);
  }
}

TEST_CASE("a single write that makes entries of a snapshot leave says so", "[cli][files]") {
  const TempDir folder;
  const std::string url = "memory:" + (folder / "snapshot").string();
  const std::string bound = "memory.max_entries=100";
  REQUIRE(run_cachekit({"-u", url, "warm", "-"}, long_records(100)).exit_code == 0);
  const auto added = run_cachekit({"-q", "-u", url, "-o", bound, "set", "new", "1"});
  CHECK(added.exit_code == 0);
  CHECK(added.err ==
        "cachekit: warning: 1 entry had to make room: 100 are still there now; give it more room: "
        "--option memory.max_entries=127\n");
  CHECK(keys_in(url) == 100);
  const auto counted = run_cachekit({"-u", url, "-o", bound, "incr", "another"});
  CHECK(counted.out == "1\n");
  CHECK(counted.err.find("1 entry had to make room") != std::string::npos);
  CHECK(run_cachekit({"-u", url, "set", "third", "1"}).err.empty());
}

TEST_CASE("a full snapshot keeps all of its entries when it is loaded and written anew",
          "[cli][files]") {
  const TempDir folder;
  const std::string url = "memory:" + (folder / "snapshot").string() + "?max_entries=10000";
  static_cast<void>(run_cachekit({"-u", url, "warm", "-"}, long_records(12'000)));
  const auto stored = keys_in(url);
  CHECK(stored > 9'000);
  const std::string key = run_cachekit({"-u", url, "keys", "--limit", "1"}).out;
  for (int i = 0; i < 3; ++i) {
    const auto touched =
        run_cachekit({"-u", url, "touch", key.substr(0, key.size() - 1), "--ttl", "1h"});
    CHECK(touched.exit_code == 0);
    CHECK(touched.err.empty());
    CHECK(keys_in(url) == stored);
  }
}

TEST_CASE("a command that only reads loses nothing, and --quiet silences what it warns of",
          "[cli][files]") {
  const TempDir folder;
  const std::string url = "memory:" + (folder / "snapshot").string();
  REQUIRE(run_cachekit({"-u", url, "warm", "-"}, long_records(100)).exit_code == 0);
  const auto read = run_cachekit({"-u", url, "-o", "memory.max_entries=50", "stats"});
  CHECK(read.err.find("50 of the 100 entries") != std::string::npos);
  CHECK(run_cachekit({"-q", "-u", url, "-o", "memory.max_entries=50", "stats"}).err == "");
  CHECK(keys_in(url) == 100);
}

TEST_CASE("the bound that was in the way is the one to raise", "[cli][files]") {
  const TempDir folder;
  const auto hint_of = [&](const std::string& bounds) {
    const std::string url = "memory:" + (folder / bounds).string() + "?" + bounds;
    const std::string err = run_cachekit({"-u", url, "warm", "-"}, long_records(20'000)).err;
    return err.substr(err.find("hint: "));
  };
  CHECK(hint_of("max_entries=1000") ==
        "hint: give it more room: --option memory.max_entries=25000\n");
  CHECK(hint_of("capacity=1MiB").find("hint: give it more room: --option memory.capacity=") == 0);
  CHECK(hint_of("capacity=1MiB").find("max_entries") == std::string::npos);
  const std::string both = hint_of("max_entries=1000&capacity=1MiB");
  CHECK(both.find(" --option memory.max_entries=25000 --option memory.capacity=") !=
        std::string::npos);

  const std::string full = "memory:" + (folder / "full").string();
  REQUIRE(run_cachekit({"-u", full, "warm", "-"}, long_records(1000)).exit_code == 0);
  const auto refused = run_cachekit({"-u", full, "-o", "memory.max_entries=100", "set", "a", "1"});
  CHECK(refused.err.find("hint: raise memory.max_entries to 1250, or name another file\n") !=
        std::string::npos);
}

TEST_CASE("warm counts nothing as stored that could not be saved", "[cli][files]") {
  CHECK(run_shell("$cachekit -u memory:$home/s set a 1; ulimit -f 2;"
                  "for i in $(seq 1000); do echo \"{\\\"key\\\":\\\"k$i\\\",\\\"value\\\":1}\"; "
                  "done | $cachekit -u memory:$home/s warm - 2>$home/e | sed 's/ in .*//';"
                  "head -2 $home/e | grep -o 'File too large\\|hint: check the path';"
                  "$cachekit -u memory:$home/s keys") ==
        "stored 0, skipped 0, bad 0, not stored 1000\nFile too large\nhint: check the path\na\n");
  // Also where the input ends with an error of its own.
  CHECK(run_shell("$cachekit -u memory:$home/t set a 1; ulimit -f 2;"
                  "(for i in $(seq 1000); do echo \"{\\\"key\\\":\\\"k$i\\\",\\\"value\\\":1}\"; "
                  "done | gzip; echo x) | $cachekit -u memory:$home/t warm - 2>$home/e |"
                  "sed 's/ in .*//'; head -1 $home/e | grep -o 'File too large'") ==
        "stored 0, skipped 0, bad 0, not stored 1000\nFile too large\n");
}

TEST_CASE("warm above the capacity says how many are still there", "[cli][files]") {
  const TempDir folder;
  const std::string url = "memory:" + (folder / "snapshot").string() + "?capacity=1MiB";
  const auto warmed = run_cachekit({"--json", "-u", url, "warm", "-"}, long_records(20'000));
  CHECK(warmed.exit_code == 5);
  const auto report = nlohmann::json::parse(warmed.out);
  CHECK(report["stored"] == 20'000);
  CHECK(report["items"] == keys_in(url));
  CHECK(report["evicted"] == 20'000 - keys_in(url));
  CHECK(warmed.err.find(fmt::format("{} are still there now, 20000 were stored", keys_in(url))) !=
        std::string::npos);

  const auto again = run_cachekit({"-u", url, "warm", "-"}, long_records(20'000));
  CHECK(again.out.find(", bad 0, evicted ") != std::string::npos);
  const auto fits = run_cachekit({"-u", "memory:" + (folder / "other").string(), "warm", "-"},
                                 long_records(20'000));
  CHECK(fits.exit_code == 0);
  CHECK(fits.out.find("evicted") == std::string::npos);
}

TEST_CASE("a load that more than one thing befell has one error", "[cli][files]") {
  const TempDir folder;
  const std::string url = "memory:" + (folder / "snapshot").string() + "?capacity=1MiB";
  const auto warmed = run_cachekit({"--json", "-u", url, "warm", "--max-errors", "0", "-"},
                                   long_records(20'000) + "x\n");
  CHECK(warmed.exit_code == 5);
  std::istringstream lines(warmed.err);
  int errors = 0;
  int warnings = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto told = nlohmann::json::parse(line);
    if (told.contains("error")) ++errors;
    if (told.contains("warning")) ++warnings;
  }
  CHECK(errors == 1);
  CHECK(warnings == 1);
  CHECK(warmed.err.find("more than 0 bad records") != std::string::npos);
  std::ofstream(folder / "records") << long_records(1'000) << "x\n";
  const std::string limited =
      "ulimit -f 2; $cachekit --json -u memory:$home/s warm --max-errors 0 " +
      (folder / "records").string() + " 2>$home/e >/dev/null; echo code $?; cut -d: -f1 $home/e";
  CHECK(run_shell(limited) == "code 5\n{\"note\"\n{\"warning\"\n{\"error\"\n");
}

TEST_CASE("the room that warm proposes is enough, also for few entries of mixed sizes",
          "[cli][files]") {
  const auto [large, capacity] = GENERATE(
      table<std::size_t, std::string>({{10'000, "4MiB"}, {50'000, "2MiB"}, {450'000, "3MiB"}}));
  std::string text;
  for (int i = 0; text.size() < 6'500'000; ++i) {
    text += fmt::format("{{\"key\":\"k{}\",\"value\":\"{}\"}}\n", i,
                        std::string(i % 10 == 0 ? large : large / 50, 'v'));
  }
  const auto warmed =
      run_cachekit({"-u", "memory:", "-o", "memory.capacity=" + capacity, "warm", "-"}, text);
  INFO(large << " " << capacity << ": " << warmed.err);
  REQUIRE(warmed.exit_code == 5);
  const std::size_t at = warmed.err.find("memory.capacity=");
  REQUIRE(at != std::string::npos);
  const std::string proposed = warmed.err.substr(at, warmed.err.find('\n', at) - at);
  const auto again = run_cachekit({"-u", "memory:", "-o", proposed, "warm", "-"}, text);
  CHECK(again.err.find("had to make room") == std::string::npos);
  CHECK(again.exit_code == 0);
}

TEST_CASE("what a server had to let go of a load is an error, as in this process", "[cli][files]") {
  const RedisServer redis(
      RedisServerOptions{.extra = {"--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lru"}});
  const auto warmed = run_cachekit({"-q", "-u", redis.url(), "warm", "-"}, long_records(20'000));
  CHECK(warmed.exit_code == 5);
  CHECK(warmed.out.find(", evicted ") != std::string::npos);
  CHECK(warmed.err.find("had to make room") != std::string::npos);
}

TEST_CASE("that a server has evicted what was there before is a warning, under -q as well",
          "[cli][files]") {
  const RedisServer redis(
      RedisServerOptions{.extra = {"--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lru"}});
  static_cast<void>(run_cachekit({"-u", redis.url(), "warm", "-"}, long_records(20'000)));
  std::string few;
  for (int i = 0; i < 100; ++i) {
    few +=
        "{\"key\":\"few" + std::to_string(i) + "\",\"value\":\"" + std::string(1000, 'x') + "\"}\n";
  }
  const auto warmed = run_cachekit({"-q", "-u", redis.url(), "warm", "-"}, few);
  CHECK(warmed.exit_code == 0);
  CHECK(warmed.err.find("warning: ") != std::string::npos);
}

TEST_CASE("without a home directory nothing is said to be stored", "[cli][files]") {
  CHECK(run_shell("unset HOME; for c in 'set a 1' 'incr a' 'del a'; do "
                  "$cachekit $c >$home/o 2>$home/e; echo $? $(grep -c 'HOME is not set' $home/e); "
                  "done; $cachekit get a 2>$home/e; echo $? $(grep -c 'warning: .*HOME' $home/e);"
                  "$cachekit -u memory: set a 1; echo $?; $cachekit -p test set a 1; echo $?") ==
        "5 1\n5 1\n5 1\n1 1\n0\n0\n");
}

TEST_CASE("the limit of ulimit -f is an error like a full disk", "[cli][files]") {
  const RedisServer redis;
  CHECK(run_shell("$cachekit -u memory:$home/s set a 1; ulimit -f 2;"
                  "head -c 100000 /dev/zero | $cachekit -u memory:$home/s set b - 2>$home/e;"
                  "echo $? $(grep -c 'File too large' $home/e); $cachekit -u memory:$home/s get a;"
                  "echo; $cachekit -u memory:$home/s keys; ls $home/s*;"
                  "head -c 100000 /dev/zero | $cachekit -u " +
                  redis.url() + " set b -; $cachekit -u " + redis.url() +
                  " get b >$home/o 2>$home/e; echo $? $(grep -c 'File too large' $home/e)")
            .find("5 1\n1\na\n") == 0);
}

TEST_CASE("who only reads is told of a snapshot that was not loaded whole", "[cli][files]") {
  const TempDir folder;
  const std::string url = "memory:" + (folder / "s").string();
  REQUIRE(run_cachekit({"-u", url, "warm", "-"}, long_records(12'000)).exit_code == 0);
  std::string small = url + "?capacity=1MiB";
  std::string told = "do not fit the capacity";
  for (const bool damaged : {false, true}) {
    if (damaged) {
      std::filesystem::resize_file(folder / "s", std::filesystem::file_size(folder / "s") - 100);
      small = url;
      told = "the cache starts empty";
    }
    const auto dumped = run_cachekit({"-q", "-u", small, "dump"});
    INFO(dumped.err);
    CHECK(dumped.exit_code == 5);
    CHECK(dumped.err.find(told) != std::string::npos);
    CHECK(dumped.out.empty() == damaged);
    // What is missing may have been there.
    for (const std::vector<std::string>& asked :
         {std::vector<std::string>{"get", "none"}, {"exists", "none"}, {"ttl", "none"}, {"keys"}}) {
      std::vector<std::string> arguments{"-q", "-u", small};
      arguments.insert(arguments.end(), asked.begin(), asked.end());
      const auto answered = run_cachekit(arguments);
      INFO(asked.front() << ": " << answered.err);
      CHECK(answered.exit_code == 5);
      CHECK(answered.err.find(": not all that was stored: ") != std::string::npos);
      CHECK(answered.err.find(told) != std::string::npos);
    }
    for (const std::string command : {"stats", "ping"}) {
      const auto shown = run_cachekit({"-u", small, command});
      INFO(command << shown.err);
      CHECK(shown.exit_code == 0);
      CHECK(shown.err.find(told) != std::string::npos);
    }
    const auto examined = run_cachekit({"--json", "-u", small, "doctor"});
    CHECK(examined.exit_code == 1);
    const auto findings = nlohmann::json::parse(examined.out)["findings"];
    CHECK(std::ranges::any_of(findings, [&](const auto& finding) {
      return finding["level"] == "warning" &&
             finding["what"].template get<std::string>().find(told) != std::string::npos;
    }));
  }
}

// A sanitizer takes more address space at its start than is left here.
#ifndef CACHEKIT_SANITIZED
TEST_CASE("no memory is a limit that said no, with a hint on memory", "[cli][files][memory]") {
  const RedisServer redis;
  const std::string limited = "ulimit -v 60000 || exit 99; ";
  const std::string told =
      "echo code $?; grep -c 'out of memory' $home/err;"
      "grep -c '^hint: .*ulimit' $home/err; grep -c pool $home/err";
  CHECK(run_shell("(v=$(head -c 300000 /dev/zero | tr '\\0' v); for i in $(seq 300); do "
                  "echo \"{\\\"key\\\":\\\"$i\\\",\\\"value\\\":\\\"$v\\\"}\"; done) > $home/r;"
                  "(" +
                  limited +
                  "$cachekit -q -u memory:$home/s?capacity=256MiB warm $home/r"
                  " >/dev/null 2>$home/err); " +
                  told) == "code 5\n1\n1\n0\n");
  CHECK(run_shell("head -c 40000000 /dev/zero | $cachekit --timeout 30s -u " + redis.url() +
                  " set a -; (" + limited + "$cachekit -q --timeout 5s -u " + redis.url() +
                  " get a 2>$home/err); " + told) == "code 5\n1\n1\n0\n");
}
#endif
