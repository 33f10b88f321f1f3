// Replies that are well-formed and cannot be kept: they cost their own caller the reply, and nobody
// else anything.

#include "redis/dropped_reply.hpp"

#include "fuzz/heap.hpp"
#include "redis/error_map.hpp"
#include "redis/resp_decoder.hpp"
#include "support/catch.hpp"
#include "unit/redis/decoded_text.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

using namespace cachekit;
using namespace cachekit::redis;
using Type = RedisReply::Type;

namespace {

constexpr ReplyLimits small{.nesting = 20, .bytes = 400, .line = 50, .elements = 30};

std::string nested(std::size_t arrays, std::string_view innermost = ":7\r\n") {
  std::string text;
  for (std::size_t i = 0; i < arrays; ++i) text += i % 3 == 0 ? "*2\r\n+x\r\n" : "*1\r\n";
  return text + std::string(innermost);
}

std::string lines_of(std::size_t count) {
  std::string text = '*' + std::to_string(count) + "\r\n";
  for (std::size_t i = 0; i < count; ++i) text += i % 5 == 0 ? "*0\r\n" : ":1\r\n";
  return text;
}

std::string string_of(std::size_t bytes) {
  return '$' + std::to_string(bytes) + "\r\n" + std::string(bytes, 'v') + "\r\n";
}

// The error that stands in the place of a reply, which is followed by one that is as it should be.
Error error_instead_of(std::string_view bytes, const ReplyLimits& limits) {
  RespDecoder decoder(limits);
  decoder.feed(bytes);
  decoder.feed("$3\r\nown\r\n");
  const auto reply = decoder.next();
  REQUIRE(reply);
  REQUIRE(*reply);
  CHECK((*reply)->is_error());
  CHECK((*decoder.next())->text == "own");
  CHECK(decoder.idle());
  return error_of_reply((*reply)->text, "cache-1:6379");
}

}  // namespace

TEST_CASE("arrays nest as deep as is promised, and are the same at every depth", "[redis]") {
  for (std::size_t arrays = 1; arrays <= ReplyLimits{}.nesting; ++arrays) {
    CAPTURE(arrays);
    RespDecoder decoder;
    decoder.feed(nested(arrays, "*3\r\n:1\r\n$1\r\na\r\n*0\r\n"));
    const bool fits = arrays + 1 < ReplyLimits{}.nesting;  // An empty array nests, too.
    const auto reply = decoder.next();
    REQUIRE(reply);
    REQUIRE(*reply);
    CHECK((*reply)->is_error() != fits);
    if (!fits) continue;
    const RedisReply* at = &**reply;
    for (std::size_t i = 0; i < arrays; ++i) {
      REQUIRE(at->elements.size() == (i % 3 == 0 ? 2 : 1));
      at = &at->elements.back();
    }
    REQUIRE(at->elements.size() == 3);
    CHECK(at->elements[0].integer == 1);
    CHECK(at->elements[1].text == "a");
    CHECK((at->elements[2].type == Type::array && at->elements[2].elements.empty()));
  }
}

TEST_CASE("deep arrays beside each other keep what is behind them", "[redis]") {
  const std::string deep = nested(12);
  RespDecoder decoder;
  decoder.feed("*5\r\n" + deep + "*0\r\n" + deep + nested(30) + "+end\r\n" + "+OK\r\n");
  const auto reply = decoder.next();
  REQUIRE(reply);
  REQUIRE(*reply);
  REQUIRE((*reply)->elements.size() == 5);
  CHECK(text_of((*reply)->elements[0]) == text_of((*reply)->elements[2]));
  CHECK((*reply)->elements[1].elements.empty());
  CHECK((*reply)->elements[4].text == "end");
  CHECK((*decoder.next())->text == "OK");
}

TEST_CASE("a reply over a limit is its own caller's error and says what to do", "[redis]") {
  const Error deep = error_instead_of(nested(ReplyLimits{}.nesting + 1), {});
  CHECK(deep.code == Errc::too_large);
  CHECK(deep.message.find("too deep") != std::string::npos);
  CHECK(deep.endpoint == "cache-1:6379");
  CHECK_FALSE(deep.hint.empty());
  const Error many = error_instead_of(lines_of(31), small);
  CHECK(many.code == Errc::too_large);
  CHECK(many.message.find("too many elements") != std::string::npos);
  CHECK_FALSE(many.hint.empty());
  for (const std::string& large :
       {string_of(401), "*2\r\n" + string_of(340) + string_of(60),
        "+" + std::string(51, 'x') + "\r\n", "*1\r\n-" + std::string(51, 'x') + "\r\n",
        "*1\r\n" + string_of(1'000)}) {
    const Error error = error_instead_of(large, small);
    CHECK(error.code == Errc::too_large);
    CHECK(error.message.find("too many bytes") != std::string::npos);
    CHECK_FALSE(error.hint.empty());
  }
}

TEST_CASE("a reply at a limit is kept", "[redis]") {
  for (const std::string& most :
       {nested(20), lines_of(30), string_of(392), "+" + std::string(50, 'x') + "\r\n"}) {
    RespDecoder decoder(small);
    decoder.feed(most);
    const auto reply = decoder.next();
    REQUIRE(reply);
    REQUIRE(*reply);
    CHECK_FALSE((*reply)->is_error());
  }
}

TEST_CASE("dropped replies are the same wherever they are split, and so are those around them",
          "[redis]") {
  const std::string odd = GENERATE(
      nested(21), nested(40, "*2\r\n*0\r\n*-1\r\n"), "*2\r\n" + nested(21) + nested(9),
      "*3\r\n" + lines_of(31) + lines_of(2) + ":2\r\n", string_of(420),
      "*3\r\n:1\r\n" + string_of(390) + ":1\r\n+x\r\n",
      "*2\r\n+" + std::string(60, 'x') + "\r\n-a\rb\r\n", "*1\r\n*2147483647\r\n:1\r\n",
      nested(30, "$3\r\nabcd\r\n"), nested(21, "!"), nested(30, ":01\r\n"), nested(30, "*-2\r\n"));
  const std::string stream = ":1\r\n*1\r\n$1\r\nx\r\n" + odd + "*1\r\n+in step\r\n$3\r\nown\r\n";
  CAPTURE(odd);
  const std::string whole = decoded_text({stream}, small);
  const std::string_view bytes = stream;
  for (std::size_t i = 0; i <= bytes.size(); ++i) {
    const std::size_t last = std::min(bytes.size(), i + 40);
    for (std::size_t j = i; j <= last; ++j) {
      const auto split =
          decoded_text({bytes.substr(0, i), bytes.substr(i, j - i), bytes.substr(j)}, small);
      if (split != whole) FAIL("split at " << i << " and " << j << ": " << split);
    }
  }
  SUCCEED();
}

TEST_CASE("what cannot be is nonsense, however it is announced", "[redis]") {
  std::string endless;
  for (int i = 0; i < 100'000; ++i) endless += "*1\r\n";
  for (const std::string& bytes :
       {std::string("$99999999999999\r\n"), std::string("*4294967296\r\n"),
        std::string("*1\r\n*4294967296\r\n"), endless}) {
    RespDecoder decoder;
    decoder.feed(bytes);
    const auto reply = decoder.next();
    REQUIRE_FALSE(reply);
    CHECK(reply.error().code == Errc::protocol);
    CHECK_FALSE(decoder.next());
  }
}

TEST_CASE("a reply is skipped in little memory", "[redis]") {
  const std::string piece(std::size_t{64} << 10U, 'x');
  const std::string begin = GENERATE(as<std::string>(), "$1073741825\r\n", "*1\r\n$1073741825\r\n",
                                     "+", "-ERR ", "*2\r\n:1\r\n+");
  CAPTURE(begin);
  RespDecoder decoder;
  const std::size_t before = fuzz::heap_in_use();
  decoder.feed(begin);
  for (int i = 0; i < 200; ++i) {
    decoder.feed(piece);
    const auto reply = decoder.next();
    REQUIRE(reply);
    CHECK_FALSE(*reply);
  }
  CHECK(fuzz::heap_in_use() < before + 200'000);
}

TEST_CASE("elements are bounded, since they take more memory than bytes on the wire", "[redis]") {
  const std::string three = "*2\r\n*1\r\n:1\r\n:2\r\n";  // Beside the root.
  RespDecoder enough({.elements = 3});
  for (int i = 0; i < 10; ++i) {
    enough.feed(three);
    CHECK_FALSE((*enough.next())->is_error());
  }
  RespDecoder few({.elements = 2});
  for (int i = 0; i < 10; ++i) {
    few.feed(three);
    const auto refused = few.next();
    REQUIRE(refused);
    CHECK((*refused)->is_error());
    CHECK(few.idle());
  }
}
