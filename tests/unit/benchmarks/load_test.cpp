#include "harness/load.hpp"

#include "harness/failure.hpp"
#include "support/catch.hpp"

using namespace cachekit::bench;
using namespace std::chrono_literals;

TEST_CASE("a load counts the operations of all its threads", "[bench]") {
  const Load load = run_load(4, 1ms, [](std::size_t thread, const StopFlag&) { return thread; });
  CHECK(load.operations == 0 + 1 + 2 + 3);
}

TEST_CASE("a load ends its threads when the slot is over", "[bench]") {
  const Load load =
      run_load(2, 1ms, [](std::size_t, const StopFlag& stop) { return repeat(stop, [] {}); });
  CHECK(load.operations > 0);
  CHECK(load.elapsed >= 1ms);
  CHECK(load.throughput().figure ==
        Approx(static_cast<double>(load.operations) / load.elapsed.count()));
}

TEST_CASE("a thread that fails ends the load at once", "[bench]") {
  const auto forever = 24h;
  const auto one_fails = [](std::size_t thread, const StopFlag& stop) {
    if (thread == 1) throw BenchFailure("a wrong value");
    return repeat(stop, [] {});
  };
  CHECK_THROWS_WITH(run_load(3, forever, one_fails), "a wrong value");
}
