#include "core/counter.hpp"

#include "support/catch.hpp"

#include <cstdint>
#include <string>

using namespace cachekit;

TEST_CASE("a counter is a whole number of 64 bits, spelled in the one way", "[counter]") {
  CHECK(core::parse_counter("0") == 0);
  CHECK(core::parse_counter("10") == 10);
  CHECK(core::parse_counter("-1") == -1);
  CHECK(core::parse_counter("9223372036854775807") == INT64_MAX);
  CHECK(core::parse_counter("-9223372036854775808") == INT64_MIN);
}

TEST_CASE("what would be written back otherwise is no counter", "[counter]") {
  for (const std::string text :
       {"", "-", "+5", "05", "00", "-0", "-05", " 5", "5 ", "5\n", "5.0", "0x5", "5e0", "five",
        "9223372036854775808", "-9223372036854775809", "18446744073709551615"}) {
    INFO('"' << text << '"');
    CHECK_FALSE(core::parse_counter(text));
  }
  CHECK_FALSE(core::parse_counter(std::string_view("5\0", 2)));
}
