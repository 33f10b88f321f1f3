#include "redis/large_replies.hpp"

#include "support/catch.hpp"

#include <array>
#include <string_view>

using namespace cachekit;
using redis::label_of;

TEST_CASE("a command is remembered by its name and its first key", "[redis]") {
  const auto label = [](auto... words) { return label_of(std::array{std::string_view(words)...}); };
  CHECK(label("hgetall", "h") == label("HGETALL", "h"));
  CHECK(label("HGETALL", "h") != label("HGETALL", "H"));
  CHECK(label("HGETALL", "h") != label("HLEN", "h"));
  CHECK(label("LRANGE", "l", "0", "-1") == label("LRANGE", "l", "5", "9"));
  CHECK(label("get", "key") == "key");
  CHECK(label("GET") != "");
  CHECK(label("INFO") == "INFO");
  CHECK(label("COMMAND", "DOCS") != label("COMMAND", "COUNT"));
  CHECK(label("XINFO", "STREAM", "a", "FULL") != label("XINFO", "STREAM", "b", "FULL"));
  CHECK(label("XINFO", "STREAM", "a") != label("XINFO", "GROUPS", "a"));
  CHECK(label("EVAL", "script", "1", "a") != label("EVAL", "script", "1", "b"));
  CHECK(label("EVAL", "script", "1", "a") != label("EVAL", "other", "1", "a"));
  CHECK(label("EVAL", "script", "0") != label("EVAL", "other", "0"));
  CHECK(label("XREAD", "COUNT", "9", "streams", "a", "0") !=
        label("XREAD", "COUNT", "9", "STREAMS", "b", "0"));
  CHECK(label("XREAD", "COUNT", "9", "STREAMS", "a", "0") ==
        label("XREAD", "COUNT", "9", "STREAMS", "a", "7"));
  CHECK_FALSE(label("XREAD", "STREAMS").empty());
}

TEST_CASE("a reply is about as large as on the wire", "[redis]") {
  const RedisReply number{.type = RedisReply::Type::integer, .integer = 7};
  const RedisReply text{.type = RedisReply::Type::string, .text = std::string(1'000, 'x')};
  RedisReply list{.type = RedisReply::Type::array};
  for (int i = 0; i < 100; ++i) list.elements.push_back(text);
  list.elements.push_back({.type = RedisReply::Type::array, .elements = {number, text}});
  CHECK(redis::size_of(number) < 20);
  CHECK(redis::size_of(text) >= 1'000);
  CHECK(redis::size_of(text) < 1'020);
  CHECK(redis::size_of(list) >= 101'000);
  CHECK(redis::size_of(list) < 103'000);
}
