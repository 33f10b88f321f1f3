#include "clients/cachekit_client.hpp"
#include "clients/libmemcached_client.hpp"
#include "rows/rows.hpp"
#include "workload.hpp"

#include <memory>

#include <fmt/format.h>

namespace cachekit::bench {
namespace {

constexpr std::uint32_t pool_size = 16;

std::shared_ptr<CachekitClient> cachekit_client(Servers& servers) {
  return std::make_shared<CachekitClient>(servers.memcached());
}

Contest get_by_one(Servers& servers) {
  return {.unit = "ops/s",
          .rows = {{.id = "memcached-get-1",
                    .title = "Memcached get, 1 thread, against libmemcached",
                    .goal = Goal{.must = 0.97, .aim = 1.05}}},
          .enter = [&servers] {
            return std::vector{contestant("cachekit", cachekit_client(servers),
                                          get_throughput<CachekitClient>, servers.keys(), 1),
                               contestant("libmemcached",
                                          std::make_shared<LibmemcachedClient>(
                                              servers.host(), servers.memcached_port()),
                                          get_throughput<LibmemcachedClient>, servers.keys(), 1)};
          }};
}

Contest get_by_many(Servers& servers, std::size_t threads, Goal goal) {
  return {
      .unit = "ops/s",
      .rows = {{.id = fmt::format("memcached-get-{}", threads),
                .title = fmt::format("Memcached get, {} threads, against libmemcached's pool of {}",
                                     threads, pool_size),
                .goal = goal}},
      .enter = [&servers, threads] {
        return std::vector{contestant("cachekit", cachekit_client(servers),
                                      get_throughput<CachekitClient>, servers.keys(), threads),
                           contestant("libmemcached pool 16",
                                      std::make_shared<LibmemcachedPool>(
                                          servers.host(), servers.memcached_port(), pool_size),
                                      get_throughput<LibmemcachedPool>, servers.keys(), threads)};
      }};
}

}  // namespace

std::vector<Contest> memcached_rows(Servers& servers) {
  return {get_by_one(servers), get_by_many(servers, 16, {.must = 2.0, .aim = 3.0}),
          get_by_many(servers, 64, {.must = 6.0, .aim = 12.0})};
}

}  // namespace cachekit::bench
