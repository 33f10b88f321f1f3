#include "clients/cachekit_client.hpp"
#include "clients/hiredis_client.hpp"
#include "rows/rows.hpp"
#include "workload.hpp"

#include <array>
#include <memory>

#include <fmt/format.h>

namespace cachekit::bench {
namespace {

constexpr std::size_t pool_size = 16;
constexpr std::size_t batch_size = 100;

std::shared_ptr<CachekitClient> cachekit_client(Servers& servers) {
  return std::make_shared<CachekitClient>(servers.redis());
}

std::shared_ptr<HiredisClient> hiredis_client(Servers& servers) {
  return std::make_shared<HiredisClient>(servers.host(), servers.redis_port());
}

Contest get_by_one(Servers& servers) {
  return {.unit = "ops/s",
          .rows = {{.id = "redis-get-1",
                    .title = "Redis GET, 1 thread, against bare hiredis",
                    .goal = Goal{.must = 0.97, .aim = 1.05}}},
          .enter = [&servers] {
            return std::vector{contestant("cachekit", cachekit_client(servers),
                                          get_throughput<CachekitClient>, servers.keys(), 1),
                               contestant("hiredis", hiredis_client(servers),
                                          get_throughput<HiredisClient>, servers.keys(), 1)};
          }};
}

Contest get_by_many(Servers& servers, std::size_t threads, Goal goal) {
  return {.unit = "ops/s",
          .rows = {{.id = fmt::format("redis-get-{}", threads),
                    .title = fmt::format(
                        "Redis GET, {} threads, against a pool of {} hiredis connections", threads,
                        pool_size),
                    .goal = goal}},
          .enter = [&servers, threads] {
            return std::vector{contestant("cachekit", cachekit_client(servers),
                                          get_throughput<CachekitClient>, servers.keys(), threads),
                               contestant("hiredis pool 16",
                                          std::make_shared<HiredisPool>(
                                              servers.host(), servers.redis_port(), pool_size),
                                          get_throughput<HiredisPool>, servers.keys(), threads)};
          }};
}

// Keys a second, in batches.
template <class Client>
Sample batch_throughput(Client& client, const KeySpace& keys, std::size_t threads, Seconds slot) {
  return run_load(threads, slot,
                  [&](std::size_t thread, const StopFlag& stop) {
                    KeyPicker picker(thread);
                    std::array<std::string_view, batch_size> batch{};
                    return batch_size * repeat(stop, [&] {
                             for (std::string_view& key : batch) key = picker.key(keys);
                             client.get_many(batch);
                           });
                  })
      .throughput();
}

Contest batches(Servers& servers) {
  return {.unit = "keys/s",
          .rows = {{.id = "redis-get-many-100",
                    .title = "Redis, get_many of 100 keys, against hiredis' pipeline of 100 GETs",
                    .goal = Goal{.must = 0.95, .aim = 1.2}}},
          .enter = [&servers] {
            return std::vector{contestant("cachekit", cachekit_client(servers),
                                          batch_throughput<CachekitClient>, servers.keys(), 1),
                               contestant("hiredis pipeline", hiredis_client(servers),
                                          batch_throughput<HiredisClient>, servers.keys(), 1)};
          }};
}

Contest latency(Servers& servers) {
  return {.unit = "us p50",
          .better = Better::lower,
          .rows = {{.id = "redis-get-p50",
                    .title = "Redis GET, 1 thread, median latency, against bare hiredis",
                    .goal = Goal{.must = 1.05, .aim = 1.0}}},
          .enter = [&servers] {
            return std::vector{contestant("cachekit", cachekit_client(servers),
                                          get_p50<CachekitClient>, servers.keys(), 1),
                               contestant("hiredis", hiredis_client(servers),
                                          get_p50<HiredisClient>, servers.keys(), 1)};
          }};
}

}  // namespace

std::vector<Contest> redis_rows(Servers& servers) {
  return {get_by_one(servers), get_by_many(servers, 16, {.must = 2.0, .aim = 3.0}),
          get_by_many(servers, 64, {.must = 3.5, .aim = 5.0}), batches(servers), latency(servers)};
}

}  // namespace cachekit::bench
