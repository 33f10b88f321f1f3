#include "clients/memory_maps.hpp"
#include "harness/failure.hpp"
#include "harness/load.hpp"
#include "key_space.hpp"
#include "rows/rows.hpp"
#include "workload.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

namespace cachekit::bench {
namespace {

constexpr std::size_t key_count = 1'000'000;
constexpr double skew = 0.99;
constexpr std::size_t draws = 4'000'000;

// Accesses to keys by Zipf's law, drawn beforehand: numbers of keys, and whether to set.
class Accesses {
 public:
  struct Access {
    std::uint32_t key;
    bool sets;
  };

  Accesses() {
    std::vector<double> cumulated(key_count);
    double sum = 0;
    for (std::size_t i = 0; i < key_count; ++i) {
      sum += std::pow(static_cast<double>(i + 1), -skew);
      cumulated[i] = sum;
    }
    // Which keys are asked for most has nothing to do with the order in which they were stored.
    std::vector<std::uint32_t> shuffled(key_count);
    for (std::size_t i = 0; i < key_count; ++i) shuffled[i] = static_cast<std::uint32_t>(i);
    std::mt19937_64 random(1);
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    std::uniform_real_distribution<double> uniform(0, sum);
    all_.reserve(draws);
    for (std::size_t i = 0; i < draws; ++i) {
      const auto at = std::lower_bound(cumulated.begin(), cumulated.end(), uniform(random));
      const auto rank = static_cast<std::size_t>(at - cumulated.begin());
      all_.push_back({.key = shuffled[std::min(rank, key_count - 1)], .sets = i % 10 == 0});
    }
  }

  [[nodiscard]] const std::vector<Access>& all() const noexcept { return all_; }

 private:
  std::vector<Access> all_;
};

struct World {
  KeySpace keys{"key:", key_count};
  Accesses accesses{};
  std::string value = std::string(value_size, 'v');
};

template <class Map>
void fill_all(Map& map, const World& world) {
  for (std::size_t i = 0; i < key_count; ++i) map.set(world.keys[i], world.value);
}

// Nine gets to one set.
template <class Map>
std::uint64_t work(Map& map, const World& world, std::size_t thread, const StopFlag& stop) {
  const auto& accesses = world.accesses.all();
  std::size_t at = thread * 7'919'000 % draws;
  std::uint64_t wrong = 0;
  const std::uint64_t done = repeat(stop, [&] {
    const Accesses::Access access = accesses[at];
    at = at + 1 == draws ? 0 : at + 1;
    const std::string_view key = world.keys[access.key];
    if (access.sets) {
      map.set(key, world.value);
    } else if (const auto value = map.get(key)) {
      wrong += value->size() == value_size ? 0U : 1U;
    }
  });
  if (wrong > 0) throw BenchFailure("a value had another size");
  return done;
}

template <class Map>
Contestant mixed(std::string name, const std::shared_ptr<Map>& map,
                 const std::shared_ptr<const World>& world, std::size_t threads) {
  return {std::move(name), [=](Seconds slot) {
            return run_load(threads, slot,
                            [&](std::size_t thread, const StopFlag& stop) {
                              return work(*map, *world, thread, stop);
                            })
                .throughput();
          }};
}

// New keys only, one thread, into a map that is made anew for each turn.
template <class Map>
Contestant inserting(std::string name, const std::function<std::shared_ptr<Map>()>& make,
                     const std::shared_ptr<const World>& world) {
  return {std::move(name), [=](Seconds slot) {
            const std::shared_ptr<Map> map = make();
            return run_load(1, slot,
                            [&](std::size_t, const StopFlag& stop) {
                              std::size_t next = 0;
                              return repeat(stop, [&] {
                                map->set(world->keys[next], world->value);
                                next = next + 1 == key_count ? 0 : next + 1;
                              });
                            })
                .throughput();
          }};
}

// Bytes that one entry takes in the cache's own account.
std::uint64_t bytes_an_entry() {
  InMemoryBackend probe;
  static_cast<void>(probe.set(std::string(key_size, 'k'), std::string(value_size, 'v')));
  return probe.stats().nodes.at(0).bytes.value_or(0);
}

Contest mixed_row(const std::shared_ptr<const World>& world, std::size_t threads, bool fits,
                  Goal goal) {
  return {.unit = "ops/s",
          .rows = {{.id = fmt::format("memory-{}{}", fits ? "fits-" : "", threads),
                    .title = fmt::format("In-process, {} thread{}, 9:1, zipf {}, {}, against "
                                         "tbb::concurrent_hash_map without a bound",
                                         threads, threads == 1 ? "" : "s", skew,
                                         fits ? "everything fits" : "room for half of the keys"),
                    .goal = goal}},
          .enter = [=] {
            const Bytes capacity = fits ? gibibytes(4) : Bytes{bytes_an_entry() * key_count / 2};
            const auto cache = std::make_shared<MemoryCache>(InMemoryConfig{.capacity = capacity});
            const auto map = std::make_shared<TbbMap>(key_count);
            fill_all(*cache, *world);
            fill_all(*map, *world);
            return std::vector{mixed("cachekit", cache, world, threads),
                               mixed("tbb", map, world, threads)};
          }};
}

Contest insert_row(const std::shared_ptr<const World>& world) {
  return {
      .unit = "ops/s",
      .rows = {{.id = "memory-insert",
                .title = "In-process, 1 thread, new keys only, room for a tenth of them, against "
                         "tbb::concurrent_hash_map without a bound",
                .goal = Goal{.must = 0.7, .aim = 1.0}}},
      .enter = [=] {
        const Bytes capacity{bytes_an_entry() * key_count / 10};
        return std::vector{
            inserting<MemoryCache>(
                "cachekit",
                [capacity] {
                  return std::make_shared<MemoryCache>(InMemoryConfig{.capacity = capacity});
                },
                world),
            inserting<TbbMap>(
                "tbb", [] { return std::make_shared<TbbMap>(key_count); }, world)};
      }};
}

// Of this process, in bytes.
double resident_memory() {
  std::FILE* const file = std::fopen("/proc/self/statm", "r");
  unsigned long pages = 0;
  const bool read = file != nullptr && std::fscanf(file, "%*u %lu", &pages) == 1;
  if (file != nullptr) std::fclose(file);
  if (!read) throw BenchFailure("/proc/self/statm cannot be read");
  return static_cast<double>(pages) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

// The figure does not change from turn to turn: it is taken once, while the cache is filled.
Contest size_row(const std::shared_ptr<const World>& world) {
  constexpr double bound = 64;
  const auto always = [](std::string name, double figure) {
    return Contestant{std::move(name), [figure](Seconds) { return Sample{.figure = figure}; }};
  };
  return {
      .unit = "bytes",
      .better = Better::lower,
      .rows = {{.id = "memory-size",
                .title = "In-process, resident memory of an entry of 16 + 128 bytes beyond those, "
                         "of a million, against 64 bytes",
                .goal = Goal{.must = 1.0, .aim = 40 / bound}}},
      .enter = [=] {
        const double before = resident_memory();
        MemoryCache cache({.capacity = gibibytes(4)});
        fill_all(cache, *world);
        const double entry = (resident_memory() - before) / static_cast<double>(key_count);
        return std::vector{always("cachekit", entry - static_cast<double>(key_size + value_size)),
                           always("bound", bound)};
      }};
}

// What keeps a cache busy beside its callers: shrinking and growing, listings, mass expiry.
void disturb(InMemoryBackend& cache, Bytes capacity, const World& world, const StopFlag& stop) {
  for (std::size_t round = 0; !stop.load(std::memory_order_relaxed); ++round) {
    static_cast<void>(cache.resize(Bytes{capacity.count * (round % 2 == 0 ? 8 : 10) / 10}));
    std::size_t seen = 0;
    static_cast<void>(cache.hottest([&](const HotEntry&) {
      return ++seen % 1024 != 0 || !stop.load(std::memory_order_relaxed);
    }));
    for (std::size_t i = 0; i < 20'000 && !stop.load(std::memory_order_relaxed); ++i) {
      static_cast<void>(cache.set(world.keys[(round * 20'000 + i) % key_count], world.value,
                                  {.ttl = std::chrono::milliseconds(20)}));
    }
  }
}

Sample get_p999(MemoryCache& cache, const World& world, Seconds slot) {
  constexpr std::size_t threads = 2;
  std::vector<LatencyLog> logs(threads);
  const Load load = run_load(threads, slot, [&](std::size_t thread, const StopFlag& stop) {
    const auto& accesses = world.accesses.all();
    std::size_t at = thread * 7'919'000 % draws;
    return repeat(stop, [&] {
      const std::string_view key = world.keys[accesses[at].key];
      at = at + 1 == draws ? 0 : at + 1;
      logs[thread].time([&] { static_cast<void>(cache.get(key)); });
    });
  });
  return load.with_figure(latency_us(logs, 0.999));
}

Contest disturbed_row(const std::shared_ptr<const World>& world) {
  return {
      .unit = "us p99.9",
      .better = Better::lower,
      .rows = {{.id = "memory-disturbed",
                .title = "In-process, 2 threads of gets: p99.9 during resizes, listings and mass "
                         "expiry, against quiet",
                .goal = Goal{.must = 5, .aim = 2}}},
      .enter = [=] {
        const Bytes capacity{bytes_an_entry() * key_count / 2};
        const auto cache = std::make_shared<MemoryCache>(InMemoryConfig{.capacity = capacity});
        fill_all(*cache, *world);
        const auto disturbed = [=](Seconds slot) {
          std::atomic<bool> stop{false};
          std::thread other([&] { disturb(cache->backend(), capacity, *world, stop); });
          const Sample sample = get_p999(*cache, *world, slot);
          stop = true;
          other.join();
          return sample;
        };
        return std::vector{
            Contestant{"disturbed", disturbed},
            Contestant{"quiet", [=](Seconds slot) { return get_p999(*cache, *world, slot); }}};
      }};
}

}  // namespace

std::vector<Contest> memory_rows(Servers&) {
  // Made when the first row is entered, for it takes a while.
  const auto made = std::make_shared<std::shared_ptr<const World>>();
  const auto lazily = [made](auto make_row) {
    Contest shape = make_row(nullptr);
    shape.enter = [made, make_row] {
      if (!*made) *made = std::make_shared<const World>();
      return make_row(*made).enter();
    };
    return shape;
  };
  using SharedWorld = std::shared_ptr<const World>;
  std::vector<Contest> contests;
  // First: while the process is small, what it takes is what the cache takes.
  contests.push_back(lazily([](const SharedWorld& world) { return size_row(world); }));
  for (const std::size_t threads : {std::size_t{1}, std::size_t{2}, std::size_t{4}}) {
    const Goal goal{.must = threads == 2 ? 1.5 : 1.4, .aim = 2.5};
    contests.push_back(
        lazily([=](const SharedWorld& world) { return mixed_row(world, threads, false, goal); }));
  }
  contests.push_back(lazily([](const SharedWorld& world) {
    return mixed_row(world, 2, true, Goal{.must = 1.5, .aim = 2.5});
  }));
  contests.push_back(lazily([](const SharedWorld& world) { return insert_row(world); }));
  contests.push_back(lazily([](const SharedWorld& world) { return disturbed_row(world); }));
  return contests;
}

}  // namespace cachekit::bench
