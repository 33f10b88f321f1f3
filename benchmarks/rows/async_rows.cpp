#include "clients/cachekit_client.hpp"
#include "clients/hiredis_client.hpp"
#include "clients/redis_benchmark.hpp"
#include "rows/rows.hpp"
#include "workload.hpp"

#include <cachekit/pending.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace cachekit::bench {
namespace {

constexpr std::size_t window_size = 64;

// A get that is under way.
struct Flight {
  std::string_view key;
  Pending<std::optional<std::string>> answer;
};

// One thread that keeps the window full: it takes the oldest answer and sends the next get.
Sample window_throughput(CachekitClient& client, const KeySpace& keys, std::size_t threads,
                         Seconds slot) {
  CacheBackend& backend = client.backend();
  return run_load(threads, slot,
                  [&](std::size_t thread, const StopFlag& stop) {
                    KeyPicker picker(thread);
                    std::vector<Flight> window;
                    for (std::size_t i = 0; i < window_size; ++i) {
                      const std::string_view key = picker.key(keys);
                      window.push_back({.key = key, .answer = backend.async_get(key)});
                    }
                    std::size_t oldest = 0;
                    const std::uint64_t count = repeat(stop, [&] {
                      Flight& flight = window[oldest];
                      oldest = (oldest + 1) % window_size;
                      check_answer(flight.key, flight.answer.get());
                      flight.key = picker.key(keys);
                      flight.answer = backend.async_get(flight.key);
                    });
                    for (Flight& flight : window) check_answer(flight.key, flight.answer.get());
                    return count + window_size;
                  })
      .throughput();
}

std::vector<Contestant> enter(Servers& servers) {
  const auto tool = std::make_shared<RedisBenchmark>(
      servers.redis_port(),
      fmt::format("-c 1 -P {} -t get -r {}", window_size, servers.keys().size()));
  return {
      contestant("cachekit", std::make_shared<CachekitClient>(servers.redis()), window_throughput,
                 servers.keys(), 1),
      contestant("hiredis", std::make_shared<HiredisClient>(servers.host(), servers.redis_port()),
                 get_throughput<HiredisClient>, servers.keys(), 1),
      {.name = "redis-benchmark", .run = [tool](Seconds slot) { return tool->run(slot); }}};
}

}  // namespace

std::vector<Contest> async_rows(Servers& servers) {
  return {
      {.unit = "ops/s",
       .rows = {{.id = "redis-async-64",
                 .title = "Redis, 1 thread, 64 asynchronous GETs in flight, against bare hiredis",
                 .peer = 1,
                 .goal = Goal{.must = 10, .aim = 20}},
                {.id = "redis-async-64-ceiling",
                 .title = "The same against redis-benchmark -c 1 -P 64, which checks no reply",
                 .peer = 2,
                 .goal = Goal{.must = 0.7, .aim = 1.0}}},
       .enter = [&servers] { return enter(servers); }}};
}

}  // namespace cachekit::bench
