#include "redis/reply_error.hpp"

#include "support/catch.hpp"

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

TEST_CASE("an error keeps the server's words and says where", "[redis]") {
  const Error error = redis::error_of_reply("WRONGTYPE oh no", "cache-1:6379");
  CHECK(error.describe() == "cache-1:6379: WRONGTYPE oh no");
  CHECK_FALSE(error.hint.empty());
}
