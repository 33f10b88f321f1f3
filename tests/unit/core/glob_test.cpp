#include "support/catch.hpp"

#include <cachekit/driver_tools.hpp>

#include <string>

using cachekit::glob_match;

TEST_CASE("glob_match agrees with the globs of redis", "[glob]") {
  CHECK(glob_match("*", ""));
  CHECK(glob_match("user:*", "user:1"));
  CHECK_FALSE(glob_match("user:*", "users:1"));
  CHECK(glob_match("h?llo", "hello"));
  CHECK(glob_match("h[ae]llo", "hallo"));
  CHECK_FALSE(glob_match("h[^e]llo", "hello"));
  CHECK(glob_match("h[a-c]llo", "hbllo"));
  CHECK(glob_match("h[c-a]llo", "hbllo"));
  CHECK(glob_match("a\\*b", "a*b"));
  CHECK_FALSE(glob_match("a\\*b", "axb"));
  CHECK(glob_match("*a*b*c*", "xxaxxbxxcxx"));
  CHECK_FALSE(glob_match("a", ""));
  CHECK(glob_match("[abc", "b"));
}

TEST_CASE("glob_match takes no exponential time on hostile patterns", "[glob]") {
  const std::string text(5000, 'a');
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "a*";
  CHECK_FALSE(glob_match(pattern + "b", text));
}
