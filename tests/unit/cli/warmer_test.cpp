#include "transfer/warmer.hpp"

#include "support/temp_dir.hpp"
#include "unit/cli/reading.hpp"

#include <cachekit/memory.hpp>

#include <fstream>

#include <fmt/format.h>

using namespace cachekit;
using namespace cachekit::cli;
using namespace std::chrono_literals;

namespace {

std::string records(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += fmt::format("{{\"key\":\"k{}\",\"value\":\"v{}\"}}\n", i, i);
  }
  return text;
}

WarmResult warm(
    CacheBackend& backend, std::string text, WarmOptions options = {},
    std::function<bool()> interrupted = [] { return false; }) {
  const auto reader = make_reader(RecordFormat::ndjson, pieces_of(std::move(text), 1000), {});
  return Warmer(backend, *reader, std::move(options), std::move(interrupted),
                [](const WarmTally&, std::uint64_t) {})
      .run();
}

}  // namespace

TEST_CASE("warm stores every good record and counts the bad ones with their lines", "[cli][warm]") {
  InMemoryBackend backend;
  std::string text = records(1200);
  text += "broken\n{\"key\":\"last\",\"value\":\"\",\"ttl\":\"1h\"}\n";
  const WarmResult result = warm(backend, text);
  CHECK_FALSE(result.error.has_value());
  CHECK(result.tally.stored == 1201);
  CHECK(result.tally.bad == 1);
  REQUIRE(result.tally.bad_lines.size() == 1);
  CHECK(result.tally.bad_lines[0].line == 1201);
  CHECK(**backend.get("k1199") == "v1199");
  CHECK((*backend.ttl("last"))->duration() <= 1h);
  CHECK(**backend.ttl("k0") == Ttl::none());
}

TEST_CASE("warm gives a TTL to records that name none", "[cli][warm]") {
  InMemoryBackend backend;
  WarmOptions options;
  options.ttl = 1h;
  options.jitter = {0.5, {}};
  CHECK(warm(backend, records(50) + "{\"key\":\"own\",\"value\":\"\",\"ttl\":\"none\"}\n", options)
            .tally.stored == 51);
  for (int i = 0; i < 50; ++i) {
    const Ttl ttl = **backend.ttl(fmt::format("k{}", i));
    REQUIRE(ttl.expires());
    REQUIRE(ttl.duration() <= 1h);
    REQUIRE(ttl.duration() >= 29min);
  }
  CHECK(**backend.ttl("own") == Ttl::none());
}

TEST_CASE("warm leaves existing entries alone when told to skip them", "[cli][warm]") {
  InMemoryBackend backend;
  REQUIRE(backend.set("k1", "mine"));
  WarmOptions options;
  options.skip_existing = true;
  const WarmResult result = warm(backend, records(3), options);
  CHECK(result.tally.stored == 2);
  CHECK(result.tally.skipped == 1);
  CHECK(**backend.get("k1") == "mine");
}

TEST_CASE("warm stops above the bad records that it may see", "[cli][warm]") {
  InMemoryBackend backend;
  WarmOptions options;
  options.max_errors = 2;
  const WarmResult result =
      warm(backend, "{\"key\":\"a\",\"value\":\"1\"}\nx\nx\nx\n" + records(1000), options);
  CHECK(result.too_many_bad);
  CHECK(result.tally.bad == 3);
  CHECK(result.tally.stored == 1);
  CHECK(warm(backend, "x\nx\n" + records(5), options).tally.stored == 5);
}

TEST_CASE("warm counts a record that the backend refuses as bad and goes on", "[cli][warm]") {
  InMemoryBackend backend(InMemoryConfig{.capacity = mebibytes(1), .shards = 1});
  const std::string huge(2U << 20U, 'x');
  const WarmResult result =
      warm(backend, "{\"key\":\"big\",\"value\":\"" + huge + "\"}\n" + records(3));
  CHECK(result.tally.stored == 3);
  CHECK(result.tally.bad == 1);
  CHECK_FALSE(result.error.has_value());
}

TEST_CASE("an interrupted warm says what it did and resumes after it", "[cli][warm][checkpoint]") {
  const test::TempDir folder;
  const InMemoryConfig config{.snapshot_file = folder / "cache.snapshot"};
  WarmOptions options;
  options.checkpoint = folder / "warm.checkpoint";
  {
    InMemoryBackend backend(config);
    REQUIRE(backend.connect());
    int looks = 0;
    const WarmResult result = warm(backend, records(3000), options, [&] { return ++looks > 6; });
    REQUIRE(result.error.has_value());
    CHECK(result.error->code == Errc::cancelled);
    CHECK(result.tally.stored == 1500);
  }
  InMemoryBackend backend(config);
  REQUIRE(backend.connect());
  const WarmResult rest = warm(backend, records(3000), options);
  CHECK_FALSE(rest.error.has_value());
  CHECK(rest.tally.resumed == 1500);
  CHECK(rest.tally.stored == 1500);
  for (int i = 0; i < 3000; ++i) REQUIRE(backend.exists(fmt::format("k{}", i)).value());
  CHECK_FALSE(std::filesystem::exists(options.checkpoint));
}

TEST_CASE("a checkpoint skips nothing that the cache has lost", "[cli][warm][checkpoint]") {
  const test::TempDir folder;
  WarmOptions options;
  options.checkpoint = folder / "warm.checkpoint";
  int looks = 0;
  InMemoryBackend first;
  REQUIRE(warm(first, records(3000), options, [&] { return ++looks > 6; }).tally.stored == 1500);

  InMemoryBackend second;
  const WarmResult result = warm(second, records(3000), options);
  CHECK(result.lost_checkpoint);
  CHECK(result.tally.stored == 3000);
}

TEST_CASE("a checkpoint of another input is refused and kept", "[cli][warm][checkpoint]") {
  const test::TempDir folder;
  WarmOptions options;
  options.checkpoint = folder / "warm.checkpoint";
  InMemoryBackend backend;
  int looks = 0;
  REQUIRE(warm(backend, records(3000), options, [&] { return ++looks > 6; }).tally.stored == 1500);
  const auto before = read_checkpoint(options.checkpoint);

  std::string other = records(3000);
  other.replace(other.find("v700"), 4, "w700");
  for (const std::string& input : {other, records(10), std::string()}) {
    const WarmResult result = warm(backend, input, options);
    REQUIRE(result.error.has_value());
    CHECK(result.error->code == Errc::invalid_argument);
    CHECK(result.tally.stored == 0);
    CHECK((*read_checkpoint(options.checkpoint))->rows == (**before).rows);
  }
}
