#include "subject.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"

#include <string>

using namespace cachekit;
using namespace cachekit::test;

namespace {

std::string every_byte() {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes.push_back(static_cast<char>(byte));
  return bytes;
}

}  // namespace

TEST_CASE("a value comes back as it was stored", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("user:1");
  CHECK(must(cache->set(key, "Ada")));
  CHECK(must(cache->get(key)) == "Ada");
  CHECK(must(cache->set(key, "Grace")));
  CHECK(must(cache->get(key)) == "Grace");
}

TEST_CASE("a miss is an empty optional, not an error and not an empty value", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  CHECK(must(cache->get(cache.key("absent"))) == std::nullopt);
  CHECK_FALSE(must(cache->exists(cache.key("absent"))));
  CHECK(must(cache->set(cache.key("empty"), "")));
  CHECK(must(cache->get(cache.key("empty"))) == "");
  CHECK(must(cache->exists(cache.key("empty"))));
}

TEST_CASE("values hold all 256 bytes and protocol look-alikes", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  for (const std::string& value :
       {every_byte(), std::string("\r\n"), std::string("END\r\n"), std::string("$-1\r\n"),
        std::string("EN\r\nHD\r\n"), std::string(1, '\0'), every_byte() + "\r\n" + every_byte()}) {
    must(cache->set(cache.key("bytes"), value));
    CHECK(must(cache->get(cache.key("bytes"))) == value);
  }
}

TEST_CASE("keys hold each of the 256 bytes and stay apart, or are refused as the capabilities said",
          "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!cache->capabilities().binary_keys) {
    CHECK(code_of(cache->set(cache.key(" "), "v")) == "invalid_argument");
    CHECK(code_of(cache->set(cache.key("\n"), "v")) == "invalid_argument");
    return;
  }
  for (int byte = 0; byte < 256; ++byte) {
    const std::string key = cache.prefix() + static_cast<char>(byte) + "k";
    must(cache->set(key, std::to_string(byte)));
  }
  for (int byte = 0; byte < 256; ++byte) {
    const std::string key = cache.prefix() + static_cast<char>(byte) + "k";
    INFO("byte " << byte);
    CHECK(must(cache->get(key)) == std::to_string(byte));
    CHECK(must(cache->exists(key)));
    CHECK(must(cache->remove(key)));
    CHECK_FALSE(must(cache->exists(key)));
  }
}

TEST_CASE("a line break or a space in a key runs no command and reads no other entry",
          "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  if (!cache->capabilities().binary_keys) return;
  const std::string secret = cache.key("secret");
  must(cache->set(secret, "private"));
  for (const std::string& tail :
       {std::string("\r\nflush_all\r\n"), std::string("\r\nFLUSHALL\r\n"), " " + secret,
        "\r\nget " + secret + "\r\n", std::string(" v\r\nmd ") + secret + "\r\n"}) {
    const std::string key = cache.key("x") + tail;
    CHECK(must(cache->get(key)) == std::nullopt);
    CHECK(must(cache->set(key, "own")));
    CHECK(must(cache->get(key)) == "own");
    CHECK(must(cache->increment(key + "n")) == 1);
    CHECK(must(cache->touch(key, std::chrono::hours(1))));
    CHECK(must(cache->remove(key)));
    CHECK(must(cache->get(secret)) == "private");
  }
}

TEST_CASE("a key that the backend cannot hold is refused on every path before anything is sent",
          "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::size_t most = cache->capabilities().max_key_bytes;
  REQUIRE(most > 0);
  std::vector<std::string> bad{std::string()};
  if (most < (1U << 20U)) bad.emplace_back(most + 1, 'k');
  for (const std::string& key : bad) {
    INFO("key of " << key.size() << " bytes");
    CHECK(code_of(cache->get(key)) == "invalid_argument");
    CHECK(code_of(cache->set(key, "v")) == "invalid_argument");
    CHECK(code_of(cache->remove(key)) == "invalid_argument");
    CHECK(code_of(cache->exists(key)) == "invalid_argument");
    CHECK(code_of(cache->ttl(key)) == "invalid_argument");
    CHECK(code_of(cache->touch(key, std::chrono::seconds(1))) == "invalid_argument");
    CHECK(code_of(cache->increment(key)) == "invalid_argument");
  }
}

TEST_CASE("a key of exactly the allowed length works", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::size_t most = std::min<std::size_t>(cache->capabilities().max_key_bytes, 100'000);
  std::string key = cache.key("");
  key.resize(most, 'k');
  must(cache->set(key, "v"));
  CHECK(must(cache->get(key)) == "v");
  CHECK(must(cache->remove(key)));
}

TEST_CASE("remove tells whether there was an entry", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  must(cache->set(cache.key("k"), "v"));
  CHECK(must(cache->remove(cache.key("k"))));
  CHECK_FALSE(must(cache->remove(cache.key("k"))));
  CHECK(must(cache->get(cache.key("k"))) == std::nullopt);
}

TEST_CASE("if_absent stores only where there is nothing", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("k");
  CHECK(must(cache->set(key, "first", {.condition = SetCondition::if_absent})));
  CHECK_FALSE(must(cache->set(key, "second", {.condition = SetCondition::if_absent})));
  CHECK(must(cache->get(key)) == "first");
}

TEST_CASE("if_present stores only over an entry", "[contract]") {
  CACHEKIT_FOR_EACH_BACKEND(cache);
  const std::string key = cache.key("k");
  CHECK_FALSE(must(cache->set(key, "first", {.condition = SetCondition::if_present})));
  CHECK(must(cache->get(key)) == std::nullopt);
  must(cache->set(key, "first"));
  CHECK(must(cache->set(key, "second", {.condition = SetCondition::if_present})));
  CHECK(must(cache->get(key)) == "second");
}
