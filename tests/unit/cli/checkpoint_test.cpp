#include "transfer/checkpoint.hpp"

#include "support/catch.hpp"
#include "support/temp_dir.hpp"

#include <fstream>
#include <string>

using namespace cachekit;
using namespace cachekit::cli;

namespace {

Row row(std::string key, std::string value) {
  return {1, {std::move(key), std::move(value), {}}, {}};
}

}  // namespace

TEST_CASE("a checkpoint reads back what was written", "[cli][checkpoint]") {
  const test::TempDir folder;
  const auto file = folder / "warm.ckpt";
  CHECK_FALSE(read_checkpoint(file)->has_value());

  REQUIRE(write_checkpoint(file, {"redis://h:1/0", 7, UINT64_MAX, {"\xFF\x01"}}));
  REQUIRE(write_checkpoint(file, {"redis://h:1/0", 8, UINT64_MAX, {"a", "\xFF\x02"}}));
  const auto read = read_checkpoint(file);
  REQUIRE(read.has_value());
  REQUIRE(read->has_value());
  CHECK((*read)->target == "redis://h:1/0");
  CHECK((*read)->rows == 8);
  CHECK((*read)->hash == UINT64_MAX);
  CHECK((*read)->last_keys == std::deque<std::string>{"a", "\xFF\x02"});
}

TEST_CASE("a checkpoint keeps few of the last keys, and few bytes of them", "[cli][checkpoint]") {
  Checkpoint checkpoint;
  for (int i = 0; i < 1000; ++i) checkpoint.note_stored(std::to_string(i));
  CHECK(checkpoint.last_keys.size() == 64);
  CHECK(checkpoint.last_keys.front() == "936");
  CHECK(checkpoint.last_keys.back() == "999");
  const std::string large(std::size_t{1} << 20U, 'k');
  checkpoint.note_stored(large);
  CHECK(checkpoint.last_keys == std::deque<std::string>{large});
}

TEST_CASE("a file that is no checkpoint is refused, not overwritten", "[cli][checkpoint]") {
  const test::TempDir folder;
  const auto file = folder / "notes";
  for (const char* text : {"", "hello", "{}", "{\"schema\":\"cachekit-checkpoint/2\"}",
                           "{\"schema\":\"cachekit-checkpoint/2\",\"target\":1,\"rows\":\"x\"}"}) {
    CAPTURE(text);
    std::ofstream(file) << text;
    const auto read = read_checkpoint(file);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().code == Errc::invalid_argument);
  }
}

TEST_CASE("a checkpoint that cannot be written says so", "[cli][checkpoint]") {
  const test::TempDir folder;
  CHECK_FALSE(write_checkpoint(folder / "no/such/folder", {}).has_value());
}

TEST_CASE("the row hash tells rows apart that run into each other", "[cli][checkpoint]") {
  const auto hash = [](std::string key, std::string value) {
    RowHash h;
    h.add(row(std::move(key), std::move(value)));
    return h.value();
  };
  CHECK(hash("a", "bc") == hash("a", "bc"));
  CHECK(hash("a", "bc") != hash("ab", "c"));
  CHECK(hash("a", "") != hash("", "a"));
}
