#include "load/trace_replay.hpp"
#include "support/catch.hpp"
#include "support/servers.hpp"
#include "support/temp_dir.hpp"

#include <cachekit/redis.hpp>

#include <filesystem>
#include <fstream>

using namespace cachekit;
using namespace cachekit::cli;

TEST_CASE("what a trace stored is removed, also where another file took its place meanwhile",
          "[cli][bench][trace]") {
  const test::TempDir folder;
  const std::filesystem::path trace = folder / "trace";
  std::ofstream(trace) << "old1\nold2\nold1\n";
  std::ofstream(folder / "next") << "new1\nnew2\nnew3\n";
  const test::RedisServer server;
  RedisBackend backend({.host = server.host(), .port = server.port()});
  BenchOptions options;
  options.distribution.kind = Distribution::Kind::trace;
  options.distribution.trace = trace.string();
  const auto rotate = [&](std::string_view phase, double) {
    if (phase == "replaying" && std::filesystem::exists(folder / "next")) {
      std::filesystem::rename(folder / "next", trace);
    }
  };
  const Result<BenchReport> report = replay_trace(
      backend, options, [] { return false; }, rotate);
  REQUIRE(report.has_value());
  CHECK(report->hit_ratio == 1.0 / 3);
  CHECK(report->leftover.empty());
  CHECK_FALSE(std::filesystem::exists(folder / "next"));
  CHECK(backend.command({"DBSIZE"})->integer == 0);
}
