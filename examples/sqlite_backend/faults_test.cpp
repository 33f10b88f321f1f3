// What goes wrong with a file, as a caller of the cache sees it.

#include "sqlite_driver.hpp"
#include "support/catch.hpp"
#include "support/results.hpp"
#include "support/temp_dir.hpp"

#include <chrono>
#include <fstream>
#include <string>

using namespace cachekit::test;
using namespace std::chrono_literals;

TEST_CASE("a call whose file is held by others ends with its budget and changes nothing",
          "[sqlite]") {
  const TempDir folder;
  const std::string file = folder / "cache.sqlite";
  const auto cache = sqlite_cache::make_backend({.file = file, .operation_timeout = 30s});
  must(cache->set("k", "old"));
  {
    sqlite_cache::Connection other(file, cachekit::Deadline::after(30s), "");
    const sqlite_cache::Transaction holding(other, true);
    CHECK(code_of(cache->set("k", "new", {.timeout = 20ms})) == "timeout");
    CHECK(must(cache->get("k")) == "old");  // A writer keeps nobody from reading.
  }
  must(cache->set("k", "new"));
  CHECK(must(cache->get("k")) == "new");
}

TEST_CASE("a statement that takes too long ends at its deadline", "[sqlite]") {
  const TempDir folder;
  sqlite_cache::Connection other(folder / "cache.sqlite", cachekit::Deadline::after(50ms), "");
  const sqlite_cache::Statement endless(
      other,
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n");
  try {
    endless.run();
    FAIL("it came to an end");
  } catch (const sqlite_cache::Failure& failure) {
    CHECK(failure.error.code == cachekit::Errc::timeout);
  }
}

TEST_CASE("a file that cannot be used is an error that says what to do, on every call",
          "[sqlite]") {
  const TempDir folder;
  const auto nowhere = sqlite_cache::make_backend({.file = folder / "missing" / "cache.sqlite"});
  CHECK(code_of(nowhere->connect()) == "unavailable");
  CHECK(code_of(nowhere->get("k")) == "unavailable");
  CHECK_FALSE(nowhere->ping().ok());
  CHECK(nowhere->stats().nodes.at(0).error);

  std::ofstream(folder / "text") << std::string(4096, 'x');
  const auto text = sqlite_cache::make_backend({.file = folder / "text"});
  const auto refused = text->get("k");
  REQUIRE(code_of(refused) == "decode");
  CHECK(refused.error().endpoint == folder / "text");
  CHECK_FALSE(refused.error().hint.empty());
}
