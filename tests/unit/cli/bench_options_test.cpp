#include "load/options.hpp"
#include "support/catch.hpp"

using namespace cachekit::cli;
using namespace std::chrono_literals;

TEST_CASE("value sizes are one number or a range", "[cli][bench]") {
  CHECK(parse_size_range("128")->most == 128);
  CHECK(parse_size_range("1KiB")->least == 1024);
  CHECK(to_string(*parse_size_range("64-1024")) == "64-1024");
  CHECK(parse_size_range("0")->most == 0);
  for (const char* text :
       {"", "-", "64-", "-64", "1024-64", "x", "1GiB", "64-128-256", "1.5", "1-1.5"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_size_range(text).has_value());
  }
}

TEST_CASE("a ratio is gets to sets", "[cli][bench]") {
  CHECK(to_string(*parse_ratio("9:1")) == "9:1");
  CHECK(parse_ratio("0:1")->gets == 0);
  for (const char* text : {"", "9", "9:", ":1", "0:0", "-1:1", "1:2:3", "4294967295:1", "a:b"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_ratio(text).has_value());
  }
}

TEST_CASE("a sweep names an option and its values", "[cli][bench]") {
  const auto sweep = parse_sweep("pool-size=1,4,16");
  REQUIRE(sweep.has_value());
  CHECK(sweep->values == std::vector<std::uint64_t>{1, 4, 16});
  BenchOptions options;
  apply(options, sweep->name, 4);
  CHECK(options.pool_size == 4U);
  for (const char* text : {"", "pool-size", "pool-size=", "pool-size=1,", "pool-size=0", "seed=1,2",
                           "pool-size=1,x", "=1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_sweep(text).has_value());
  }
}

TEST_CASE("options that cannot be are refused by name", "[cli][bench]") {
  CHECK(validate(BenchOptions{}).has_value());
  const auto refuses = [](auto change, const char* name) {
    BenchOptions options;
    change(options);
    const auto checked = validate(options);
    REQUIRE_FALSE(checked.has_value());
    CHECK(checked.error().message.find(name) == 0);
  };
  refuses([](BenchOptions& o) { o.threads = 0; }, "--threads");
  refuses([](BenchOptions& o) { o.threads = 1'000'000; }, "--threads");
  refuses([](BenchOptions& o) { o.keys = 0; }, "--keys");
  refuses([](BenchOptions& o) { o.requests = 0; }, "--requests");
  refuses([](BenchOptions& o) { o.duration = 0ms; }, "--duration");
  refuses([](BenchOptions& o) { o.pool_size = 0; }, "--pool-size");
  refuses(
      [](BenchOptions& o) {
        o.verify = true;
        o.value_size = {16, 128};
      },
      "--verify");
}
