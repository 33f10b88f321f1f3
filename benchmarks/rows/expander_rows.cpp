#include "harness/failure.hpp"
#include "harness/load.hpp"
#include "key_space.hpp"
#include "rows/rows.hpp"
#include "workload.hpp"

#include <cachekit/expander.hpp>
#include <cachekit/memory.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::bench {
namespace {

// Few enough to stay in the processor's caches: what is measured is the way of a hit alone.
constexpr std::size_t key_count = 1'000;

struct World {
  World() {
    for (std::size_t i = 0; i < key_count; ++i) fetch(keys[i]);
  }

  std::string fetch(std::string_view key) {
    auto fetched = expander.get_or_load(key, [&] { return value; });
    if (!fetched) throw BenchFailure(fetched.error().describe());
    return *std::move(*fetched);
  }
  std::string get(std::string_view key) {
    auto found = cache.get(key);
    if (!found) throw BenchFailure(found.error().describe());
    return *std::move(*found);
  }

  KeySpace keys{"key:", key_count};
  std::string value = std::string(value_size, 'v');
  InMemoryBackend cache{};
  CacheExpander expander{cache};
};

using Read = std::string (World::*)(std::string_view key);

Contestant reading(std::string name, const std::shared_ptr<World>& world, Read read) {
  const auto size = ((*world).*read)(world->keys[0]).size();
  return {std::move(name), [=](Seconds slot) {
            return run_load(1, slot,
                            [&](std::size_t, const StopFlag& stop) {
                              std::size_t next = 0;
                              return repeat(stop, [&] {
                                if (((*world).*read)(world->keys[next]).size() != size) {
                                  throw BenchFailure("a value had another size");
                                }
                                next = next + 1 == key_count ? 0 : next + 1;
                              });
                            })
                .throughput();
          }};
}

}  // namespace

std::vector<Contest> expander_rows(Servers&) {
  std::vector<Contest> contests;
  contests.push_back(
      {.unit = "ops/s",
       .rows = {{.id = "expander-hit",
                 .title = "get_or_load of a hit over the in-process cache, 1 thread, "
                          "against a plain get of the same entries",
                 .goal = Goal{.must = 0.4, .aim = 1 / 1.3}}},
       .enter = [] {
         const auto world = std::make_shared<World>();
         return std::vector{reading("expander", world, &World::fetch),
                            reading("get", world, &World::get)};
       }});
  return contests;
}

}  // namespace cachekit::bench
