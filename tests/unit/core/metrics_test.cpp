#include "support/catch.hpp"

#include <cachekit/metrics.hpp>

#include <string>
#include <thread>
#include <vector>

using namespace cachekit;
using namespace std::chrono_literals;
using Event = CacheMetrics::Event;

TEST_CASE("there is no hit ratio when nothing was asked, and hit_rate is 0", "[metrics]") {
  const CacheMetrics metrics;
  CHECK(metrics.snapshot().hit_ratio() == std::nullopt);
  CHECK(metrics.hit_rate() == 0.0);
}

TEST_CASE("every event has a counter of its own", "[metrics]") {
  CacheMetrics metrics;
  metrics.count(Event::hit, 3);
  metrics.count(Event::miss);
  metrics.count(Event::error, 2);
  metrics.count(Event::set, 4);
  metrics.count(Event::remove, 5);
  metrics.count(Event::load, 6);
  metrics.count(Event::load_failure, 7);
  metrics.count(Event::repair, 8);
  const auto now = metrics.snapshot();
  CHECK(now.hits == 3);
  CHECK(now.misses == 1);
  CHECK(now.errors == 2);
  CHECK(now.sets == 4);
  CHECK(now.removes == 5);
  CHECK(now.loads == 6);
  CHECK(now.load_failures == 7);
  CHECK(now.repairs == 8);
  CHECK(metrics.hit_rate() == 0.75);
}

TEST_CASE("no count is lost when many threads count", "[metrics]") {
  CacheMetrics metrics;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 10'000; ++n) {
        metrics.count(Event::hit);
        metrics.record_latency(1us);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(metrics.snapshot().hits == 80'000);
  CHECK(metrics.latency().count() == 80'000);
}

TEST_CASE("a histogram's quantiles are within 1/32 of what was recorded", "[metrics]") {
  Histogram histogram;
  CHECK(histogram.at(0.99) == 0ns);
  for (int i = 1; i <= 1000; ++i) histogram.record(std::chrono::microseconds(i));
  const auto near = [](std::chrono::nanoseconds got, std::chrono::nanoseconds want) {
    return got >= want && got.count() <= want.count() + want.count() / 32 + 1;
  };
  CHECK(near(histogram.at(0.5), 500us));
  CHECK(near(histogram.at(0.99), 990us));
  CHECK(histogram.at(1.0) == 1000us);
  CHECK(histogram.min() == 1us);
  CHECK(histogram.max() == 1000us);
  CHECK(histogram.mean() == 500500ns);
  histogram.record(24h);
  CHECK(histogram.max() == 24h);
  histogram.record(-1ns);
  CHECK(histogram.min() == 0ns);
}

TEST_CASE("prometheus text has help, type and a cumulative histogram", "[metrics]") {
  CacheMetrics metrics;
  metrics.count(Event::hit);
  metrics.record_latency(200us);
  const std::string text = metrics.prometheus("redis");
  CHECK(
      text.find("# TYPE cachekit_hits_total counter\ncachekit_hits_total{backend=\"redis\"} 1\n") !=
      std::string::npos);
  CHECK(text.find("_bucket{backend=\"redis\",le=\"0.0001\"} 0\n") != std::string::npos);
  CHECK(text.find("_bucket{backend=\"redis\",le=\"+Inf\"} 1\n") != std::string::npos);
  CHECK(text.find("_count{backend=\"redis\"} 1\n") != std::string::npos);
}
