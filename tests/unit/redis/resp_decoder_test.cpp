#include "redis/resp_decoder.hpp"

#include "support/catch.hpp"
#include "unit/redis/decoded_text.hpp"

#include <string>
#include <vector>

using namespace cachekit;
using cachekit::redis::RespDecoder;
using cachekit::redis::text_of;
using Type = RedisReply::Type;

namespace {

// Every reply that `bytes` hold, fed in pieces that end at the given places.
std::vector<RedisReply> decode(const std::vector<std::string_view>& pieces) {
  RespDecoder decoder;
  std::vector<RedisReply> replies;
  for (const std::string_view piece : pieces) {
    decoder.feed(piece);
    while (true) {
      auto reply = decoder.next();
      REQUIRE(reply);
      if (!*reply) break;
      replies.push_back(**std::move(reply));
    }
  }
  CHECK(decoder.idle());
  return replies;
}

std::string texts_of(const std::vector<RedisReply>& replies) {
  std::string out;
  for (const RedisReply& reply : replies) out += text_of(reply);
  return out;
}

const std::string sample =
    "+OK\r\n-ERR no\r\n:-42\r\n$5\r\nhe\r\no\r\n$-1\r\n*-1\r\n$0\r\n\r\n"
    "*3\r\n*2\r\n:1\r\n$1\r\nx\r\n*0\r\n*2\r\n$-1\r\n*1\r\n+deep\r\n";

}  // namespace

TEST_CASE("every type of reply is decoded", "[redis]") {
  const auto replies = decode({sample});
  REQUIRE(replies.size() == 8);
  CHECK((replies[0].type == Type::status && replies[0].text == "OK"));
  CHECK((replies[1].is_error() && replies[1].text == "ERR no"));
  CHECK((replies[2].type == Type::integer && replies[2].integer == -42));
  CHECK((replies[3].type == Type::string && replies[3].text == "he\r\no"));
  CHECK(replies[4].is_nil());
  CHECK(replies[5].is_nil());
  CHECK((replies[6].type == Type::string && replies[6].text.empty()));
  REQUIRE(replies[7].elements.size() == 3);
  CHECK(replies[7].elements[0].elements[1].text == "x");
  CHECK(replies[7].elements[2].elements[1].elements[0].text == "deep");
}

TEST_CASE("replies are the same wherever the bytes are split", "[redis]") {
  const std::string whole = texts_of(decode({sample}));
  const std::string_view bytes = sample;
  for (std::size_t i = 0; i <= bytes.size(); ++i) {
    for (std::size_t j = i; j <= bytes.size(); ++j) {
      const auto split = decode({bytes.substr(0, i), bytes.substr(i, j - i), bytes.substr(j)});
      if (texts_of(split) != whole) FAIL("split at " << i << " and " << j);
    }
  }
  SUCCEED();
}

TEST_CASE("what is no RESP is a protocol error", "[redis]") {
  for (const char* bytes : {"HTTP/1.1 400 Bad Request\r\n", "$abc\r\n", ":12x\r\n", "*-2\r\n",
                            "$-2\r\n", "*99999999999999999999\r\n", "!\r\n"}) {
    CAPTURE(bytes);
    RespDecoder decoder;
    decoder.feed(bytes);
    const auto reply = decoder.next();
    REQUIRE_FALSE(reply);
    CHECK(reply.error().code == Errc::protocol);
    CHECK_FALSE(decoder.next());
  }
}

TEST_CASE("a string of another length than announced is an error and reaches nobody", "[redis]") {
  for (const char* bytes : {"$3\r\nhello\r\n", "$6\r\nhello\r\n+OK\r\n", "*1\r\n$1\r\nxyz",
                            "$0\r\nx\r\n", "$1\r\nx\n\r"}) {
    CAPTURE(bytes);
    RespDecoder decoder;
    decoder.feed(bytes);
    const auto reply = decoder.next();
    REQUIRE_FALSE(reply);
    CHECK(reply.error().code == Errc::protocol);
    CHECK_FALSE(decoder.next());
  }
}

TEST_CASE("replies of RESP3, which nobody asked for, are an error", "[redis]") {
  for (const char* bytes : {"_\r\n", "#t\r\n", ",1.5\r\n", "(12\r\n", "=7\r\ntxt:abc\r\n",
                            "%1\r\n+a\r\n:1\r\n", "~1\r\n:1\r\n", ">1\r\n+a\r\n"}) {
    CAPTURE(bytes);
    RespDecoder decoder;
    decoder.feed(bytes);
    CHECK_FALSE(decoder.next());
  }
}

TEST_CASE("announced lengths and nesting do not take memory", "[redis]") {
  RespDecoder decoder;
  decoder.feed("*2147483647\r\n:1\r\n");
  auto partial = decoder.next();
  REQUIRE(partial);
  CHECK_FALSE(*partial);
  CHECK_FALSE(decoder.idle());

  RespDecoder deep;
  std::string nested;
  for (int i = 0; i < 100'000; ++i) nested += "*1\r\n";
  deep.feed(nested);
  const auto reply = deep.next();
  REQUIRE_FALSE(reply);
  CHECK(reply.error().code == Errc::protocol);
}

TEST_CASE("a decoder with half a reply is not idle", "[redis]") {
  RespDecoder decoder;
  CHECK(decoder.idle());
  decoder.feed("$5\r\nhel");
  REQUIRE(decoder.next());
  CHECK_FALSE(decoder.idle());
  decoder.feed("lo\r\n");
  CHECK((*decoder.next())->text == "hello");
  CHECK(decoder.idle());
}

TEST_CASE("a number that does not end is an error before it is long", "[redis]") {
  const std::string much(std::size_t{64} << 10U, 'x');
  for (const char* begin : {":", "$", "$1", "*", "*1\r\n$", "*2\r\n:1\r\n:"}) {
    CAPTURE(begin);
    RespDecoder decoder;
    decoder.feed(begin);
    bool refused = false;
    for (int i = 0; i < 40 && !refused; ++i) {
      decoder.feed(much);
      refused = !decoder.next();
    }
    CHECK(refused);
  }
}

TEST_CASE("a long line is a reply like others", "[redis]") {
  const std::string text(500'000, 'x');
  const auto replies = decode({"+" + text + "\r\n-" + text + "\r\n"});
  REQUIRE(replies.size() == 2);
  CHECK(replies[0].text == text);
  CHECK(replies[1].text == text);
}
