// A reply that was large once comes on a connection of its own the next time, whoever asks.

#include "support.hpp"
#include "support/results.hpp"
#include "support/scripted_server.hpp"

#include <string>
#include <vector>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

const std::string large(std::size_t{100} << 10U, 'x');

// The ways to read the value of "big"; each tells how large it was.
using Way = std::size_t (*)(RedisBackend&);
std::size_t by_get(RedisBackend& redis) { return must(redis.get("big")).value().size(); }
std::size_t by_command(RedisBackend& redis) {
  return must(redis.command({"get", "big"})).text.size();
}
std::size_t by_async_get(RedisBackend& redis) {
  return must(redis.async_get("big").get()).value().size();
}
std::size_t by_get_many(RedisBackend& redis) {
  const std::vector<std::string_view> keys{"small", "big"};
  return must(redis.get_many(keys).at(1)).value().size();
}
std::size_t by_list(RedisBackend& redis) {
  return must(redis.command({"LRANGE", "list", "0", "-1"})).elements.size() * 100;
}
std::size_t by_another_list_command(RedisBackend& redis) {
  return must(redis.command({"LRANGE", "list", "1", "-1"})).elements.size() * 100;
}

struct Ways {
  Way first, second;
};

std::size_t connections_of(RedisBackend& redis) { return redis.connections().at(0).connections; }

}  // namespace

TEST_CASE("whoever read a large reply first, the next one comes on a connection of its own",
          "[redis][large]") {
  const Ways ways = GENERATE(Ways{by_command, by_command}, Ways{by_command, by_get},
                             Ways{by_get, by_command}, Ways{by_async_get, by_get},
                             Ways{by_get, by_async_get}, Ways{by_async_get, by_command},
                             Ways{by_get_many, by_command}, Ways{by_command, by_get_many},
                             Ways{by_list, by_list}, Ways{by_list, by_another_list_command});
  const RedisServer server;
  {
    RedisBackend writer(config_of(server));
    must(writer.set("big", large));
    must(writer.set("small", "v"));
    std::vector<std::string> words{"RPUSH", "list"};
    words.resize(1'002, std::string(100, 'x'));
    must(writer.command(std::vector<std::string_view>(words.begin(), words.end())));
  }
  RedisBackend redis(config_of(server));
  CHECK(ways.first(redis) >= 100'000 - 100);
  CHECK(connections_of(redis) == 1);
  CHECK(ways.second(redis) >= 100'000 - 100);
  CHECK(connections_of(redis) == 2);
}

TEST_CASE("what was written large is read on a connection of its own", "[redis][large]") {
  RedisBackend redis(config_of(shared_redis()));
  const int way = GENERATE(0, 1, 2);
  must(redis.remove("small"));
  if (way == 0) must(redis.set("big", large));
  if (way == 1) must(redis.async_set("big", large).get());
  if (way == 2) {
    const std::vector<SetItem> items{{.key = "big", .value = large}};
    must(redis.set_many(items).at(0));
  }
  CHECK(by_command(redis) == large.size());
  CHECK(connections_of(redis) >= 2);
}

TEST_CASE("a key whose value is small again shares the connection again", "[redis][large]") {
  const RedisServer server;
  RedisBackend writer(config_of(server));
  must(writer.set("big", large));
  RedisBackend redis(config_of(server));
  CHECK(by_command(redis) == large.size());
  must(writer.set("big", "v"));
  CHECK(by_command(redis) == 1);
  CHECK(connections_of(redis) == 2);
  const auto batches = redis.connections().at(0);
  CHECK(by_command(redis) == 1);
  CHECK(by_get(redis) == 1);
  CHECK(redis.connections().at(0).requests == batches.requests + 2);
}
