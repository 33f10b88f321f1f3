#include "transfer/dumper.hpp"

#include "transfer/warmer.hpp"
#include "unit/cli/reading.hpp"

#include <cachekit/memory.hpp>
#include <cachekit/virtual_runtime.hpp>

#include <set>

#include <fmt/format.h>

using namespace cachekit;
using namespace cachekit::cli;
using namespace std::chrono_literals;

namespace {

struct Dump {
  std::string text{};
  DumpResult result{};
};

Dump dump(CacheBackend& backend, const std::string& pattern = "*") {
  Dump dumped;
  Dumper dumper(
      backend,
      [&](std::string_view lines) {
        dumped.text += lines;
        return true;
      },
      [] { return false; });
  dumped.result = dumper.run(pattern);
  return dumped;
}

}  // namespace

TEST_CASE("a dump loads back byte for byte, TTLs included", "[cli][dump]") {
  VirtualRuntime runtime;
  InMemoryBackend from({}, runtime);
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  REQUIRE(from.set(all, all));
  REQUIRE(from.set("short", "lived", {.ttl = 1234567ms}));
  for (std::size_t i = 0; i < 1100; ++i)
    REQUIRE(from.set(fmt::format("k{}", i), std::string(1, all[i % 256])));

  const Dump dumped = dump(from);
  CHECK(dumped.result.written == 1102);
  CHECK_FALSE(dumped.result.error.has_value());

  InMemoryBackend to({}, runtime);
  const auto reader = make_reader(RecordFormat::ndjson, pieces_of(dumped.text, 777), {});
  const WarmResult warmed =
      Warmer(
          to, *reader, {}, [] { return false; }, [](const WarmTally&, std::uint64_t) {})
          .run();
  CHECK(warmed.tally.stored == 1102);
  CHECK(**to.get(all) == all);
  CHECK(**to.ttl("short") == Ttl(1234567ms));
  CHECK(**to.ttl("k7") == Ttl::none());
  for (std::size_t i = 0; i < 1100; ++i) {
    REQUIRE(**to.get(fmt::format("k{}", i)) == std::string(1, all[i % 256]));
  }
}

TEST_CASE("a dump holds what matches and nothing else", "[cli][dump]") {
  InMemoryBackend backend;
  REQUIRE(backend.set("user:1", "a"));
  REQUIRE(backend.set("order:1", "b"));
  CHECK(dump(backend, "user:*").text == "{\"key\":\"user:1\",\"value\":\"a\"}\n");
  CHECK(dump(backend, "nobody:*").text.empty());
}

TEST_CASE("a dump ends quietly when nobody reads on", "[cli][dump]") {
  InMemoryBackend backend;
  for (int i = 0; i < 2000; ++i) REQUIRE(backend.set(fmt::format("k{}", i), "v"));
  int calls = 0;
  const DumpResult result =
      Dumper(
          backend, [&](std::string_view) { return ++calls < 2; }, [] { return false; })
          .run("*");
  CHECK(calls == 2);
  CHECK_FALSE(result.error.has_value());
}
