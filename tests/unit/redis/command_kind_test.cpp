#include "redis/command_kind.hpp"

#include "support/catch.hpp"

#include <array>
#include <string>
#include <string_view>
#include <vector>

using namespace cachekit::redis;
using namespace std::string_view_literals;

TEST_CASE("state-changing commands are told apart from harmless ones", "[redis]") {
  const auto kind = [](auto... words) { return kind_of(std::array{std::string_view(words)...}); };
  for (const auto name : {"SELECT"sv, "multi"sv, "Subscribe"sv, "AUTH"sv, "WATCH"sv, "HELLO"sv,
                          "MONITOR"sv, "QUIT"sv, "RESET"sv}) {
    CAPTURE(name);
    CHECK(kind(name) == CommandKind::connection_state);
  }
  CHECK(kind("CLIENT", "reply", "OFF") == CommandKind::connection_state);
  CHECK(kind("CLIENT", "LIST") == CommandKind::write);
  CHECK(kind("get", "a") == CommandKind::read);
  CHECK(kind("INCR", "a") == CommandKind::write);
  CHECK(kind("NEVERHEARD") == CommandKind::unknown);
  CHECK(kind("BLPOP", "a", "0") == CommandKind::blocking);
  CHECK(kind("XREAD", "COUNT", "1", "block", "0", "STREAMS", "s", "$") == CommandKind::blocking);
  CHECK(kind("XREAD", "STREAMS", "BLOCK", "0") == CommandKind::write);
}

namespace {

// The words of a line, by single blanks.
CommandKind kind_of_line(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t blank = line.find(' ');
    words.push_back(line.substr(0, blank));
    if (blank == std::string_view::npos) break;
    line.remove_prefix(blank + 1);
  }
  return kind_of(words);
}

}  // namespace

TEST_CASE("what a command does is decided by its grammar, not by a word in it", "[redis]") {
  using enum CommandKind;
  struct Row {
    std::string_view line;
    CommandKind kind;
  };
  const auto row = GENERATE(
      // Groups, consumers, keys and values by the names of options.
      Row{"XREADGROUP GROUP streams c1 BLOCK 2000 STREAMS s >", blocking},
      Row{"XREADGROUP GROUP streams streams block 0 streams s >", blocking},
      Row{"XREADGROUP GROUP block block STREAMS s >", write},
      Row{"XREADGROUP GROUP block c COUNT 1 NOACK STREAMS block >", write},
      Row{"XREADGROUP COUNT 1 GROUP g BLOCK NOACK STREAMS BLOCK >", write},
      Row{"XREADGROUP NOACK BLOCK 0 GROUP g c STREAMS s >", blocking},
      Row{"XREADGROUP GROUP g c CLAIM 10 STREAMS s >", write},
      Row{"XREAD COUNT block STREAMS s 0", write}, Row{"XREAD BLOCK 0 STREAMS s $", blocking},
      Row{"xread streams block block 0 0", write},
      // What is not understood may wait.
      Row{"XREADGROUP GROUP g c PATIENCE 9 STREAMS s >", unknown},
      Row{"XREAD FOR 9 STREAMS s 0", unknown},
      // Nothing more to read: the server refuses it.
      Row{"XREAD", write}, Row{"XREADGROUP GROUP streams", write},
      // Words of the caller in other commands.
      Row{"SET BLOCK STREAMS", write}, Row{"GET SUBSCRIBE", read},
      Row{"HSET CLIENT REPLY OFF", write}, Row{"ECHO MULTI", read},
      Row{"EVAL return(redis.call('BLPOP','a',0)) 0", write}, Row{"EVALSHA BLOCK 1 k", write},
      Row{"EVAL_RO return(1) 0", read}, Row{"FCALL block 0", write}, Row{"FCALL_RO f 0", read},
      // Waits always, or keeps the server.
      Row{"blpop a 1", blocking}, Row{"BRPOP a 1", blocking},
      Row{"BLMOVE a b LEFT LEFT 1", blocking}, Row{"BLMPOP 1 1 a LEFT", blocking},
      Row{"BRPOPLPUSH a b 1", blocking}, Row{"BZPOPMIN a 1", blocking},
      Row{"BZPOPMAX a 1", blocking}, Row{"BZMPOP 1 1 a MIN", blocking}, Row{"WAIT 1 0", blocking},
      Row{"WAITAOF 1 1 0", blocking}, Row{"DEBUG SLEEP 1", blocking},
      Row{"MIGRATE h 1 k 0 1", blocking}, Row{"SAVE", blocking}, Row{"SHUTDOWN", blocking},
      Row{"FAILOVER", blocking}, Row{"SCRIPT KILL", blocking}, Row{"function kill", blocking},
      Row{"CLIENT UNPAUSE", blocking},
      // Containers, by their sub-command.
      Row{"CLIENT PAUSE 100 WRITE", write}, Row{"CLIENT KILL ID 3", write},
      Row{"CLIENT NO-EVICT ON", connection_state}, Row{"CLIENT NO-TOUCH ON", connection_state},
      Row{"client tracking ON", connection_state}, Row{"CLIENT CACHING YES", connection_state},
      Row{"CLIENT SETINFO LIB-NAME x", connection_state}, Row{"CLIENT SETNAME x", connection_state},
      Row{"CLIENT CAPA redirect", connection_state}, Row{"CLIENT FUTURE", connection_state},
      Row{"SCRIPT DEBUG YES", connection_state}, Row{"SCRIPT EXISTS x", read},
      Row{"SCRIPT LOAD x", write}, Row{"FUNCTION LIST", read}, Row{"FUNCTION LOAD x", write},
      Row{"CONFIG GET *", read}, Row{"CONFIG SET a b", write}, Row{"ACL LOG RESET", write},
      Row{"ACL WHOAMI", read}, Row{"COMMAND", read}, Row{"COMMAND DOCS", read},
      Row{"OBJECT ENCODING k", read}, Row{"XINFO STREAM s", read},
      Row{"XGROUP CREATE s g $", write}, Row{"CONFIG FUTURE", unknown}, Row{"XINFO", unknown},
      // Talks unasked, or ends the connection, or is a replica's.
      Row{"monitor", connection_state}, Row{"SYNC", connection_state},
      Row{"PSYNC ? -1", connection_state}, Row{"REPLCONF listening-port 1", connection_state},
      Row{"SSUBSCRIBE c", connection_state}, Row{"ASKING", connection_state},
      // Of a module, or of a version to come.
      Row{"JSON.GET k", unknown}, Row{"FT.SEARCH i q", unknown}, Row{"GETT k", unknown},
      Row{"GET|SET", unknown}, Row{"CLIENT|KILL", unknown});
  CAPTURE(row.line);
  CHECK(kind_of_line(row.line) == row.kind);
}
