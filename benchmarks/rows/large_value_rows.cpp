#include "clients/cachekit_client.hpp"
#include "clients/hiredis_client.hpp"
#include "rows/rows.hpp"
#include "workload.hpp"

#include <memory>
#include <string>

namespace cachekit::bench {
namespace {

constexpr std::size_t threads = 16;
constexpr std::size_t key_count = 1'000;
constexpr std::size_t large_size = std::size_t{1} << 20U;

// A thousand keys, the first of which may be large. Its operations are never part of the latencies,
// so that both kinds of run measure the same keys.
struct Mix {
  Mix(std::string_view prefix, std::size_t size) : keys(prefix, key_count), first_size(size) {}

  KeySpace keys;
  std::size_t first_size;
  std::string first_value = value_of(keys[0], first_size);
};

// Nine gets to one set.
template <class Client>
Sample small_get_p99(Client& client, const Mix& mix, Seconds slot) {
  std::vector<LatencyLog> logs(threads);
  const Load load = run_load(threads, slot, [&](std::size_t thread, const StopFlag& stop) {
    KeyPicker picker(thread);
    return repeat(stop, [&] {
      const std::size_t number = picker.below(key_count);
      const std::string_view key = mix.keys[number];
      const bool sets = picker.below(10) == 0;
      if (number == 0) {
        sets ? client.set(key, mix.first_value) : client.get(key, mix.first_size);
      } else if (sets) {
        client.set(key, value_of(key));
      } else {
        logs[thread].time([&] { client.get(key, value_size); });
      }
    });
  });
  return load.with_figure(latency_us(logs, 0.99));
}

template <class Client>
Contestant mixed(std::string name, const std::shared_ptr<Client>& client,
                 const std::shared_ptr<const Mix>& mix) {
  return {std::move(name),
          [client, mix](Seconds slot) { return small_get_p99(*client, *mix, slot); }};
}

std::vector<Contestant> enter(Servers& servers) {
  const auto plain = std::make_shared<const Mix>("mix:", value_size);
  const auto large = std::make_shared<const Mix>("big:", large_size);
  const auto cachekit = std::make_shared<CachekitClient>(servers.redis());
  const auto hiredis = std::make_shared<HiredisPool>(servers.host(), servers.redis_port(), threads);
  for (const auto& mix : {plain, large}) {
    fill(cachekit->backend(), mix->keys);
    cachekit->set(mix->keys[0], mix->first_value);
  }
  return {mixed("with 1 MiB", cachekit, large), mixed("without", cachekit, plain),
          mixed("pool, with 1 MiB", hiredis, large), mixed("pool, without", hiredis, plain)};
}

}  // namespace

std::vector<Contest> large_value_rows(Servers& servers) {
  return {{.unit = "us p99",
           .better = Better::lower,
           .rows = {{.id = "redis-large-value",
                     .title = "Redis, 9:1 GET:SET, 16 threads: small GETs with a 1 MiB value among "
                              "1,000 keys, against the same without it",
                     .subject = 0,
                     .peer = 1,
                     .goal = Goal{.must = 2.0, .aim = 1.2}},
                    {.id = "redis-large-value-pool",
                     .title = "The same with a pool of 16 hiredis connections, for comparison",
                     .subject = 2,
                     .peer = 3}},
           .enter = [&servers] { return enter(servers); }}};
}

}  // namespace cachekit::bench
