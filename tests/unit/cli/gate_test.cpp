#include "load/gate.hpp"

#include "support/catch.hpp"

using namespace cachekit::cli;

namespace {

BenchReport sample() {
  BenchReport report;
  OperationReport get;
  get.operation = "get";
  get.count = 100;
  get.hits = 80;
  get.misses = 20;
  get.throughput = 5000;
  get.latency = LatencySummary{1, 20, 15, 40, 90, 400, 1200};
  report.operations.push_back(get);
  report.count = 100;
  report.throughput = 5000;
  report.hit_ratio = 0.8;
  report.seconds = 2;
  return report;
}

bool fails(const char* text) {
  const auto gate = parse_gate(text);
  REQUIRE(gate.has_value());
  return judge(*gate, sample()).failed;
}

}  // namespace

TEST_CASE("a gate fails when its condition holds", "[cli][bench][gate]") {
  CHECK(fails("get.p99>89"));
  CHECK_FALSE(fails("get.p99>90"));
  CHECK(fails("get.p99>=90"));
  CHECK(fails("get.throughput<5001"));
  CHECK_FALSE(fails("get.throughput<5000"));
  CHECK(fails("get.throughput<=5000"));
  CHECK(fails("total.hit_ratio<0.9"));
  CHECK(fails("get.hit_ratio < 0.9"));
  CHECK_FALSE(fails("errors>0"));
  CHECK_FALSE(fails("total.errors>0"));
  CHECK(fails("get.misses>19"));
}

TEST_CASE("a gate on a latency takes a unit", "[cli][bench][gate]") {
  CHECK(fails("get.p99>89us"));
  CHECK_FALSE(fails("get.p99>0.1ms"));
  CHECK(fails("get.p999>0.3ms"));
  CHECK_FALSE(fails("get.max>1s"));
  CHECK(fails("get.min>=1000ns"));
}

TEST_CASE("a verdict on a latency says its unit, and only a latency has one",
          "[cli][bench][gate]") {
  CHECK(to_string({.text = "get.p99>2ms", .value = 3150, .unit = "us"}) ==
        "get.p99>2ms: is 3150us");
  CHECK(parse_gate("total.seconds>1ms").error().message.find("write 1 without the unit 'ms'") !=
        std::string::npos);
}

TEST_CASE("a gate on what was not measured never passes", "[cli][bench][gate]") {
  CHECK(fails("set.p99>1s"));
  CHECK(fails("wrong_answers>0"));
  BenchReport empty;
  CHECK(judge(*parse_gate("hit_ratio<0"), empty).failed);
}

TEST_CASE("a gate with an unknown name or number is refused", "[cli][bench][gate]") {
  for (const char* text : {"",
                           "get.p99",
                           ">1",
                           "get.p98>1",
                           "p99>1",
                           "put.p99>1",
                           "set.hits<1",
                           "set.hit_ratio<1",
                           "total.p99>1",
                           "get.>1",
                           ".errors>0",
                           "errors>",
                           "errors>x",
                           "errors>1ms",
                           "get.p99>1min",
                           "get.p99>+10%",
                           "get.throughput<-5%",
                           "errors>nan",
                           "errors>inf",
                           "errors==0",
                           "errors>0>1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_gate(text).has_value());
  }
}
