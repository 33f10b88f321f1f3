#include "redis/command_kind.hpp"

#include "support/catch.hpp"

#include <array>

using namespace cachekit::redis;
using namespace std::string_view_literals;

TEST_CASE("state-changing commands are told apart from harmless ones", "[redis][failures-9]") {
  const auto kind = [](auto... words) { return kind_of(std::array{std::string_view(words)...}); };
  for (const auto name : {"SELECT"sv, "multi"sv, "Subscribe"sv, "AUTH"sv, "WATCH"sv, "HELLO"sv,
                          "MONITOR"sv, "QUIT"sv, "RESET"sv}) {
    CAPTURE(name);
    CHECK(kind(name) == CommandKind::connection_state);
  }
  CHECK(kind("CLIENT", "reply", "OFF") == CommandKind::connection_state);
  CHECK(kind("CLIENT", "LIST") == CommandKind::write);
  CHECK(kind("get", "a") == CommandKind::read);
  CHECK(kind("INCR", "a") == CommandKind::write);
  CHECK(kind("NEVERHEARD") == CommandKind::write);
  CHECK(kind("BLPOP", "a", "0") == CommandKind::blocking);
  CHECK(kind("XREAD", "COUNT", "1", "block", "0", "STREAMS", "s", "$") == CommandKind::blocking);
  CHECK(kind("XREAD", "STREAMS", "BLOCK", "0") == CommandKind::write);
}
