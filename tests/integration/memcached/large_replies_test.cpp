// A value that was large once comes on another connection than the small ones the next time,
// whoever asks.

#include "support.hpp"
#include "support/results.hpp"

#include <string>
#include <vector>

using namespace cachekit;
using test::must;
using namespace std::chrono_literals;

namespace {

const std::string large(std::size_t{100} << 10U, 'x');

// The ways to read the value of "big"; each tells how large it was.
using Way = std::size_t (*)(MemcachedBackend&);
std::size_t by_get(MemcachedBackend& cache) { return must(cache.get("big")).value().size(); }
std::size_t by_async_get(MemcachedBackend& cache) {
  return must(cache.async_get("big").get()).value().size();
}
std::size_t by_get_many(MemcachedBackend& cache) {
  const std::vector<std::string_view> keys{"small", "big"};
  return must(cache.get_many(keys).at(1)).value().size();
}

struct Ways {
  Way first, second;
};

std::size_t connections_of(MemcachedBackend& cache) {
  return cache.connections().at(0).connections;
}

MemcachedBackend backend_for(const test::MemcachedServer& server) {
  return MemcachedBackend(test::config_of({server.endpoint()}));
}

}  // namespace

TEST_CASE("whoever read a large value first, the next one does not hold up the small ones",
          "[memcached][integration][large]") {
  const Ways ways =
      GENERATE(Ways{by_get, by_get}, Ways{by_async_get, by_async_get}, Ways{by_get, by_async_get},
               Ways{by_async_get, by_get}, Ways{by_get_many, by_async_get},
               Ways{by_get_many, by_get}, Ways{by_async_get, by_get_many});
  const test::MemcachedServer server;
  MemcachedBackend writer = backend_for(server);
  must(writer.set("big", large));
  must(writer.set("small", "v"));
  MemcachedBackend cache = backend_for(server);
  CHECK(ways.first(cache) == large.size());
  CHECK(connections_of(cache) == 1);
  CHECK(ways.second(cache) == large.size());
  CHECK(must(cache.async_get("small").get()) == "v");
  CHECK(connections_of(cache) == 2);
}

TEST_CASE("what was written large does not hold up the small ones when it is read",
          "[memcached][integration][large]") {
  const test::MemcachedServer server;
  MemcachedBackend cache = backend_for(server);
  const int way = GENERATE(0, 1, 2);
  if (way == 0) must(cache.set("big", large));
  if (way == 1) must(cache.async_set("big", large).get());
  if (way == 2) {
    const std::vector<SetItem> items{{.key = "big", .value = large}};
    must(cache.set_many(items).at(0));
  }
  const auto before = cache.connections().at(0);
  CHECK(by_async_get(cache) == large.size());
  CHECK(must(cache.get("nobody's")) == std::nullopt);
  CHECK(connections_of(cache) > before.connections);
}

TEST_CASE("a key whose value is small again shares the connection again",
          "[memcached][integration][large]") {
  const test::MemcachedServer server;
  MemcachedBackend writer = backend_for(server);
  must(writer.set("big", large));
  MemcachedBackend cache = backend_for(server);
  CHECK(by_async_get(cache) == large.size());
  must(writer.set("big", "v"));
  CHECK(by_async_get(cache) == 1);
  CHECK(connections_of(cache) == 2);
  must(cache.async_set("big", "v").get());
  CHECK(by_get(cache) == 1);
  CHECK(connections_of(cache) == 2);
}
