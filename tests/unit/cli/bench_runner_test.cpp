#include "load/export/exporter.hpp"
#include "load/runner.hpp"
#include "support/catch.hpp"

#include <cachekit/memory.hpp>

#include <numeric>

#include <nlohmann/json.hpp>

using namespace cachekit;
using namespace cachekit::cli;
using namespace std::chrono_literals;

namespace {

BenchOptions small() {
  BenchOptions options;
  options.requests = 10'003;
  options.threads = 3;
  options.keys = 500;
  options.warmup = 0ms;
  options.verify = true;
  return options;
}

Result<BenchReport> run(
    CacheBackend& backend, const BenchOptions& options,
    const std::function<bool()>& interrupted = [] { return false; }) {
  return run_bench(backend, options, interrupted, [](std::string_view, double) {});
}

}  // namespace

TEST_CASE("a bench does exactly the requests it was told and counts each once", "[cli][bench]") {
  InMemoryBackend backend;
  const auto report = run(backend, small());
  REQUIRE(report.has_value());
  CHECK(report->count == 10'003);
  CHECK(report->errors == 0);
  CHECK(report->wrong_answers == 0U);
  CHECK(report->preloaded == 500);
  CHECK(report->hit_ratio == 1.0);
  REQUIRE(report->operations.size() == 2);
  CHECK(report->operations[0].operation == "get");
  CHECK(report->operations[0].count + report->operations[1].count == 10'003);
  CHECK(report->operations[0].count > 8'700);
  CHECK(report->operations[0].count < 9'300);
  CHECK(report->slices.size() == 10);
  std::uint64_t in_slices = 0;
  for (const SliceReport& slice : report->slices) in_slices += slice.count;
  CHECK(in_slices == 10'003);
}

TEST_CASE("a bench leaves no key behind", "[cli][bench]") {
  InMemoryBackend backend;
  REQUIRE(backend.set("mine", "stays"));
  REQUIRE(run(backend, small()).has_value());
  std::vector<std::string> left;
  REQUIRE(backend.scan({}, [&](std::string_view key) {
    left.emplace_back(key);
    return true;
  }));
  CHECK(left == std::vector<std::string>{"mine"});
}

TEST_CASE("a bench of sets alone fills nothing and has no hit ratio", "[cli][bench]") {
  InMemoryBackend backend;
  BenchOptions options = small();
  options.ratio = {0, 1};
  options.value_size = {24, 100};
  const auto report = run(backend, options);
  REQUIRE(report.has_value());
  CHECK(report->preloaded == 0);
  CHECK_FALSE(report->hit_ratio.has_value());
  REQUIRE(report->operations.size() == 1);
  CHECK(report->operations[0].operation == "set");
}

TEST_CASE("an interrupted bench reports what there is", "[cli][bench]") {
  InMemoryBackend backend;
  BenchOptions options = small();
  options.requests = std::nullopt;
  options.duration = 1h;
  std::atomic<int> looks{0};
  const auto report = run(backend, options, [&] { return ++looks > 5000; });
  REQUIRE(report.has_value());
  CHECK(report->interrupted);
  CHECK(report->count > 0);
  CHECK(report->count < 5000);
}

TEST_CASE("verify notices a backend that answers with another key's value",
          "[cli][bench][verify]") {
  InMemoryBackend backend;
  BenchOptions options = small();
  options.requests = std::nullopt;
  options.duration = 1h;
  options.threads = 1;
  options.keys = 2;
  // Before the caller's first request, the value of one key is put under the other.
  int looks = 0;
  const auto report = run(backend, options, [&] {
    if (++looks == 3) {
      std::vector<std::string> keys;
      REQUIRE(backend.scan({}, [&](std::string_view key) {
        keys.emplace_back(key);
        return true;
      }));
      REQUIRE(keys.size() == 2);
      REQUIRE(backend.set(keys[0], **backend.get(keys[1])));
    }
    return looks > 2000;
  });
  REQUIRE(report.has_value());
  CHECK(*report->wrong_answers >= 1);
}

TEST_CASE("the JSON of a bench has every field of its schema", "[cli][bench][json]") {
  InMemoryBackend backend;
  BenchOptions options = small();
  options.verify = false;
  const auto report = run(backend, options);
  REQUIRE(report.has_value());
  const auto gate = parse_gate("errors>0");
  const std::vector<GateVerdict> verdicts{judge(*gate, *report)};
  const BenchSetting setting{"memory", "memory:", "", 500};
  const auto json =
      nlohmann::json::parse(json_exporter()->run({*report, options, setting, verdicts}));
  CHECK(json.at("schema") == "cachekit-bench/1");
  CHECK(json.at("settings").at("threads") == 3);
  CHECK(json.at("environment").at("server_version").is_null());
  for (const char* field :
       {"throughput", "count", "errors", "hit_ratio", "seconds", "cpu_seconds"}) {
    CHECK(json.at("total").at(field).is_number());
  }
  CHECK(json.at("total").at("wrong_answers").is_null());
  REQUIRE(json.at("results").size() == 2);
  CHECK(json.at("results")[1].at("hits").is_null());
  for (const char* field : {"min", "mean", "p50", "p90", "p99", "p999", "max"}) {
    CHECK(json.at("results")[0].at("latency_us").at(field).is_number());
  }
  CHECK(json.at("slices").size() == 10);
  CHECK(json.at("gates")[0].at("failed") == false);
}
