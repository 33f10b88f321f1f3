#include "redis/simple_reply.hpp"

#include "redis/resp_decoder.hpp"
#include "support/catch.hpp"

#include <string>
#include <string_view>

using namespace cachekit;
using cachekit::redis::RespDecoder;
using cachekit::redis::simple_reply;

namespace {

bool same(const RedisReply& a, const RedisReply& b) {
  return a.type == b.type && a.text == b.text && a.integer == b.integer &&
         a.elements.size() == b.elements.size();
}

// The first reply when the bytes come one by one, which are then parsed by hiredis.
RedisReply reply_of_pieces(std::string_view bytes) {
  RespDecoder decoder;
  for (const char& byte : bytes) {
    decoder.feed({&byte, 1});
    const auto reply = decoder.next();
    REQUIRE(reply);
    if (*reply) return **reply;
  }
  FAIL("no reply");
  return {};
}

}  // namespace

TEST_CASE("a simple reply is the same as the one that hiredis finds", "[redis]") {
  const std::string bytes =
      GENERATE(as<std::string>(), "+OK\r\n", "$-1\r\n", "$0\r\n\r\n", "$5\r\nhe\r\no\r\n",
               "$10\r\n0123456789\r\n", ":0\r\n", ":-1\r\n", ":7\r\n", ":-42\r\n",
               ":999999999999999999\r\n", ":-999999999999999999\r\n");
  CAPTURE(bytes);
  const auto simple = simple_reply(bytes + "$3\r\nabc\r\n");
  REQUIRE(simple);
  CHECK(simple->bytes == bytes.size());
  CHECK(same(simple->reply, reply_of_pieces(bytes)));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(simple_reply(std::string_view(bytes).substr(0, size)));
  }
}

TEST_CASE("what is not simple, or not written as servers do, is left to hiredis", "[redis]") {
  const std::string bytes = GENERATE(
      as<std::string>(), "", "-ERR\r\n", "+PONG\r\n", "+OKAY\r\n", "*0\r\n", "*-1\r\n", "$-2\r\n",
      "$-0\r\n", "$00\r\n\r\n", "$01\r\na\r\n", "$+1\r\na\r\n", "$1\r\nab\r\n", "$2\r\na\r\n",
      "$1\na\n", "$\r\n\r\n", "$1 \r\na\r\n", ":\r\n", ":-\r\n", ":-0\r\n", ":+1\r\n", ":01\r\n",
      ":1a\r\n", ":1\n", ":1000000000000000000\r\n", "$99999999999999999999\r\n", "_\r\n");
  CAPTURE(bytes);
  CHECK_FALSE(simple_reply(bytes));
}

TEST_CASE("after nonsense no simple reply is given out any more", "[redis]") {
  RespDecoder decoder;
  decoder.feed("!\r\n$1\r\na\r\n" + std::string(5'000, 'x'));
  CHECK_FALSE(decoder.next());
  decoder.feed("+OK\r\n");
  CHECK_FALSE(decoder.next());
}
