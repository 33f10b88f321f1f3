#include "redis/error_map.hpp"

#include "support/catch.hpp"

#include <string>
#include <string_view>

using namespace cachekit;

TEST_CASE("error replies map to what the caller does next", "[redis]") {
  const auto code = [](std::string_view text) {
    return redis::error_of_reply(text, "localhost:6379").code;
  };
  CHECK(code("WRONGTYPE Operation against a key holding the wrong kind of value") ==
        Errc::rejected);
  CHECK(code("NOAUTH Authentication required.") == Errc::rejected);
  CHECK(code("WRONGPASS invalid username-password pair or user is disabled.") == Errc::rejected);
  CHECK(code("ERR invalid password") == Errc::rejected);
  CHECK(code("NOPERM this user has no permissions") == Errc::rejected);
  CHECK(code("OOM command not allowed when used memory > 'maxmemory'.") == Errc::rejected);
  CHECK(code("READONLY You can't write against a read only replica.") == Errc::rejected);
  CHECK(code("ERR value is not an integer or out of range") == Errc::rejected);
  CHECK(code("LOADING Redis is loading the dataset in memory") == Errc::unavailable);
  CHECK(code("CLUSTERDOWN The cluster is down") == Errc::unavailable);
  CHECK(code("ERR max number of clients reached") == Errc::unavailable);
  CHECK(code("MOVED 3999 127.0.0.1:6381") == Errc::unsupported);
  CHECK(code("ERR unknown command 'FOO'") == Errc::unsupported);
  CHECK(code("ERR Protocol error: invalid bulk length") == Errc::too_large);
  CHECK(code("SOMETHING new") == Errc::rejected);
}

TEST_CASE("the codes of Redis 7 and Valkey 8 are told apart as whole words", "[redis]") {
  struct Row {
    std::string_view text;
    Errc code;
  };
  const auto row = GENERATE(
      // Try again later: the server, or what it stands on, cannot for the moment.
      Row{"BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
          Errc::unavailable},
      Row{"BUSY Valkey is busy running a script.", Errc::unavailable},
      Row{"BUSY Redis is busy running a module command.", Errc::unavailable},
      Row{"CLUSTERDOWN Hash slot not served", Errc::unavailable},
      Row{"LOADING Valkey is loading the dataset in memory", Errc::unavailable},
      Row{"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
          Errc::unavailable},
      Row{"NOMASTERLINK Can't SYNC while not connected with my master", Errc::unavailable},
      Row{"NOREPLICAS Not enough good replicas to write.", Errc::unavailable},
      Row{"TRYAGAIN Multiple keys request during rehashing of slot", Errc::unavailable},
      Row{"ERR max number of clients reached", Errc::unavailable},
      Row{"ERR max number of clients + cluster connections reached", Errc::unavailable},
      // Told no, for a reason that stays.
      Row{"BUSYGROUP Consumer Group name already exists", Errc::rejected},
      Row{"BUSYKEY Target key name already exists.", Errc::rejected},
      Row{"CROSSSLOT Keys in request don't hash to the same slot", Errc::rejected},
      Row{"DENIED Redis is running in protected mode because", Errc::rejected},
      Row{"EXECABORT Transaction discarded because of previous errors.", Errc::rejected},
      Row{"INPROG Failover already in progress", Errc::rejected},
      Row{"MISCONF Errors writing to the AOF file: No space left on device", Errc::rejected},
      Row{"NOAUTH HELLO must be called with the client already authenticated", Errc::rejected},
      Row{"NOGOODSLAVE No suitable replica to promote", Errc::rejected},
      Row{"NOGROUP No such consumer group 'g' for key name 's'", Errc::rejected},
      Row{"NOSCRIPT No matching script. Please use EVAL.", Errc::rejected},
      Row{"NOTBUSY No scripts in execution right now.", Errc::rejected},
      Row{"OOM command not allowed when used memory > 'maxmemory'.", Errc::rejected},
      Row{"READONLY Can not run script with write flag on readonly replica", Errc::rejected},
      Row{"UNKILLABLE Sorry the script already executed write commands", Errc::rejected},
      Row{"WRONGTYPE Key is not a valid HyperLogLog string value.", Errc::rejected},
      Row{"ERR Protocol error: unauthenticated multibulk length", Errc::rejected},
      Row{"ERR value is not an integer or out of range", Errc::rejected},
      Row{"ERR", Errc::rejected}, Row{"", Errc::rejected}, Row{"ERR ", Errc::rejected},
      // Not for this library.
      Row{"ASK 3999 127.0.0.1:6381", Errc::unsupported},
      Row{"MOVED 3999 127.0.0.1:6381", Errc::unsupported},
      Row{"NOPROTO unsupported protocol version", Errc::unsupported},
      Row{"REDIRECT 127.0.0.1:6381", Errc::unsupported},
      Row{"ERR This instance has cluster support disabled", Errc::unsupported},
      Row{"ERR unknown command 'FOO', with args beginning with: ", Errc::unsupported},
      Row{"ERR unknown subcommand 'FOO'. Try CLIENT HELP.", Errc::unsupported},
      // Each with a next step of its own.
      Row{"INVALIDOBJ Corrupted HLL object detected", Errc::decode},
      Row{"IOERR error or timeout reading to target instance", Errc::outcome_unknown},
      Row{"UNBLOCKED client unblocked via CLIENT UNBLOCK", Errc::cancelled},
      Row{"ERR Protocol error: invalid multibulk length", Errc::too_large},
      Row{"ERR string exceeds maximum allowed size (proto-max-bulk-len)", Errc::too_large},
      // Words that only begin like a known one.
      Row{"ASKING is no error", Errc::rejected}, Row{"BUSYBODY", Errc::rejected},
      Row{"LOADINGS", Errc::rejected}, Row{"OOMPH", Errc::rejected},
      Row{"ERRATIC max number of clients reached", Errc::rejected});
  CAPTURE(row.text);
  CHECK(to_string(redis::error_of_reply(row.text, "localhost:6379").code) == to_string(row.code));
}

TEST_CASE("a server that turns the connection away is told from one that refuses a command",
          "[redis]") {
  CHECK(redis::turns_away("ERR max number of clients reached"));
  CHECK(redis::turns_away("ERR max number of clients + cluster connections reached"));
  CHECK(redis::turns_away("DENIED Redis is running in protected mode"));
  CHECK_FALSE(redis::turns_away("ERR unknown command 'CLIENT'"));
  CHECK_FALSE(redis::turns_away("NOAUTH Authentication required."));
  CHECK_FALSE(redis::turns_away("DENIEDLY"));
  CHECK_FALSE(redis::turns_away(""));

  const Error error =
      redis::error_of_turning_away("DENIED " + std::string(1'000, 'x') + "\x1b", "cache-1:6379");
  CHECK(error.code == Errc::rejected);
  CHECK(error.message.find("DENIED xxx") != std::string::npos);
  CHECK(error.message.size() < 300);
  CHECK(redis::error_of_turning_away("DENIED \x1b[31m", "").message.ends_with("DENIED ?[31m"));
}

TEST_CASE("of what comes unasked only an error line is repeated", "[redis]") {
  const auto full = redis::error_of_unasked("-ERR max number of clients reached\r\n");
  REQUIRE(full);
  CHECK(full->code == Errc::unavailable);
  CHECK(full->message.ends_with("ERR max number of clients reached"));
  CHECK_FALSE(full->hint.empty());

  const auto cut_off = redis::error_of_unasked("-DENIED Redis is running in pro");
  REQUIRE(cut_off);
  CHECK(cut_off->code == Errc::rejected);

  const auto other = redis::error_of_unasked("-ERR so it is\r\n$6\r\nsecret\r\n");
  REQUIRE(other);
  CHECK(other->code == Errc::unavailable);
  CHECK(other->message.ends_with("ERR so it is"));

  CHECK(redis::error_of_unasked("-"));
  for (const char* bytes : {"", "$6\r\nsecret\r\n", "+OK\r\n", "\r\n-ERR\r\n"}) {
    CHECK_FALSE(redis::error_of_unasked(bytes));
  }
}

TEST_CASE("an error keeps the server's words and says where", "[redis]") {
  const Error error = redis::error_of_reply("WRONGTYPE oh no", "cache-1:6379");
  CHECK(error.describe() == "cache-1:6379: WRONGTYPE oh no");
  CHECK_FALSE(error.hint.empty());
}
