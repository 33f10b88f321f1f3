#include "redis/resp_encoder.hpp"

#include "support/catch.hpp"

#include <array>

using namespace std::string_view_literals;

TEST_CASE("a command is an array of bulk strings, whatever bytes it holds", "[redis]") {
  std::string out = "before";
  cachekit::redis::append_command(out, std::array{"SET"sv, "a\r\nDEL b\r\n"sv, "\0\xff"sv, ""sv});
  CHECK(out == "before*4\r\n$3\r\nSET\r\n$10\r\na\r\nDEL b\r\n\r\n$2\r\n\0\xff\r\n$0\r\n\r\n"sv);
}
