#include "support/catch.hpp"

#include <cachekit/units.hpp>

using namespace cachekit;
using namespace std::chrono_literals;

TEST_CASE("parse_duration reads the units that people type", "[units]") {
  CHECK(parse_duration("500ms") == 500ms);
  CHECK(parse_duration("30s") == 30s);
  CHECK(parse_duration("5m") == 5min);
  CHECK(parse_duration("1h30m") == 90min);
  CHECK(parse_duration("7d") == 168h);
  CHECK(parse_duration("1.5s") == 1500ms);
  CHECK(parse_duration("0s") == 0ms);
}

TEST_CASE("parse_duration tells what to write for a bare number, but for a zero", "[units]") {
  CHECK(parse_duration("60").error().hint.find("write 60s") == 0);
  CHECK(parse_duration("0.5").error().hint.find("write 0.5s") == 0);
  for (const std::string_view zero : {"0", "00", "0.0"}) {
    CHECK(parse_duration(zero).error().hint == "the units are ms, s, m, h, d and w");
  }
}

TEST_CASE("parse_duration refuses what has no unit, no number or no end", "[units]") {
  for (const char* text : {"", "30", "s", "-5s", "5 s", "1..5s", "5x", "99999999999999d", "1h-3m",
                           "1e5s", ".s", "nan", "5s5", "1s1s", "1h2m3h"}) {
    CAPTURE(text);
    const auto parsed = parse_duration(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == Errc::invalid_argument);
    CHECK(parsed.error().message.find(text) != std::string::npos);
  }
}

TEST_CASE("what is too long or too large is called so, with the most that there is", "[units]") {
  const std::string digits(400, '9');
  for (const std::string& text : {std::string("99999999999999d"), digits + "ms"}) {
    CHECK(parse_duration(text).error().message ==
          "'" + text + "' is too long, the most is 104166666d16h");
  }
  for (const std::string& text : {std::string("99999999999TiB"), digits}) {
    CHECK(parse_bytes(text).error().message ==
          "'" + text + "' is too large, the most is 9000000000000000 bytes");
  }
}

TEST_CASE("what is next to nothing is not too long", "[units]") {
  const std::string nearly_nothing = "0." + std::string(400, '0') + "1";
  CHECK(parse_duration(nearly_nothing + "ms") == 1ms);  // As any part of one.
  CHECK_FALSE(parse_bytes(nearly_nothing));
}

TEST_CASE("format_duration writes what parse_duration reads back", "[units]") {
  for (const auto duration : {0ms, 1ms, 999ms, 1000ms, 61'001ms, 90'061'001ms}) {
    CHECK(parse_duration(format_duration(duration)) == duration);
  }
  CHECK(format_duration(90min) == "1h30m");
}

TEST_CASE("parse_bytes reads binary and decimal units", "[units]") {
  CHECK(parse_bytes("512") == Bytes{512});
  CHECK(parse_bytes("64KiB") == kibibytes(64));
  CHECK(parse_bytes("64kib") == kibibytes(64));
  CHECK(parse_bytes("10MB") == Bytes{10'000'000});
  CHECK(parse_bytes("1.5GiB") == mebibytes(1536));
  CHECK(parse_bytes("1.0") == Bytes{1});
  for (const char* text :
       {"", "MiB", "-1", "5 MiB", "5XiB", "1e99", "99999999999TiB", "5MiBs", "1.5", "0.1B"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_bytes(text));
  }
}

TEST_CASE("format_bytes is exact where a binary unit divides", "[units]") {
  CHECK(format_bytes({512}) == "512B");
  CHECK(format_bytes(mebibytes(64)) == "64MiB");
  CHECK(format_bytes({1536}) == "1.5KiB");
}
