#include "memcached/error_map.hpp"

#include "support/catch.hpp"

using namespace cachekit;
using memcached::server_error;

TEST_CASE("server error lines become the code that tells the caller what to do", "[memcached]") {
  struct Row {
    std::string_view line;
    Errc code;
  };
  const auto row = GENERATE(
      Row{"ERROR", Errc::protocol}, Row{"ERROR Too many open connections", Errc::unavailable},
      Row{"CLIENT_ERROR bad command line format", Errc::protocol},
      Row{"CLIENT_ERROR bad data chunk", Errc::protocol},
      Row{"CLIENT_ERROR line too long", Errc::protocol},
      Row{"CLIENT_ERROR cannot increment or decrement non-numeric value", Errc::rejected},
      Row{"CLIENT_ERROR unauthenticated", Errc::rejected},
      Row{"CLIENT_ERROR flush_all not allowed", Errc::rejected},
      Row{"SERVER_ERROR object too large for cache", Errc::too_large},
      Row{"SERVER_ERROR out of memory storing object", Errc::rejected},
      Row{"SERVER_ERROR Host is down", Errc::rejected});
  CAPTURE(row.line);
  CHECK(memcached::is_error_line(row.line));
  CHECK(server_error(row.line).code == row.code);
  CHECK(server_error(row.line).message.find(row.line) != std::string::npos);
}

TEST_CASE("ordinary lines are no error lines", "[memcached]") {
  for (const std::string_view line : {"HD", "EN", "ERRORS", "END", "STORED", ""}) {
    CHECK_FALSE(memcached::is_error_line(line));
  }
}

TEST_CASE("a peer's text is printed without its control bytes and not at any length",
          "[memcached]") {
  CHECK(memcached::printable("a\x1b[31mb\xff") == "a?[31mb?");
  CHECK(memcached::printable(std::string(5000, 'x')).size() < 200);
}
