#include "support.hpp"
#include "support/crew.hpp"

#include <cachekit/redis_subscriber.hpp>
#include <cachekit/redis_transaction.hpp>

#include <atomic>
#include <string>
#include <thread>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

// What four threads do beside whatever goes on: a hundred look-ups each of a value they know.
int right_answers(RedisBackend& redis) {
  std::atomic<int> right{0};
  in_parallel(4, [&](unsigned thread) {
    const std::string key = "beside" + std::to_string(thread);
    right += redis.set(key, key) == true ? 1 : 0;
    for (int i = 0; i < 100; ++i) right += redis.get(key) == key ? 1 : 0;
  });
  return right;
}

constexpr int all_right = 4 * 101;

std::int64_t blocked_clients(RedisBackend& redis) {
  const auto clients = redis.command({"INFO", "clients"});
  REQUIRE(clients);
  const std::string name = "blocked_clients:";
  const auto at = clients->text.find(name);
  REQUIRE(at != std::string::npos);
  return std::stoll(clients->text.substr(at + name.size()));
}

}  // namespace

TEST_CASE("a command that waits for seconds delays nobody else", "[redis]") {
  RedisServer server;
  RedisConfig config = config_of(server);
  config.pool_size = GENERATE(1U, 2U, 16U);
  RedisBackend redis(config);
  RedisBackend witness(config_of(server));
  // Both end only after the others were served: whoever had to wait for them would run out of time.
  Result<RedisReply> first, second;
  std::thread waiting_first([&] {
    first = redis.command({"BLPOP", "queue", "0"}, {.timeout = 60s});
  });
  std::thread waiting_second([&] {
    second = redis.command({"XREAD", "BLOCK", "0", "STREAMS", "stream", "$"}, {.timeout = 60s});
  });
  CHECK(eventually([&] { return blocked_clients(witness) == 2; }, 10s));
  CHECK(right_answers(redis) == all_right);
  CHECK(redis.command({"RPUSH", "queue", "done"}));
  CHECK(redis.command({"XADD", "stream", "*", "field", "value"}));
  waiting_first.join();
  waiting_second.join();
  REQUIRE(first);
  CHECK(first->elements.at(1).text == "done");
  CHECK(second);
}

TEST_CASE("a transaction and a subscription keep their state to themselves", "[redis]") {
  RedisServer server;
  RedisConfig config = config_of(server);
  config.pool_size = GENERATE(1U, 16U);
  RedisBackend redis(config);
  REQUIRE(redis.set("balance", "10"));

  Subscriber subscriber = redis.subscriber();
  REQUIRE(subscriber.subscribe("news"));
  auto transaction = redis.transaction();
  REQUIRE(transaction);
  REQUIRE(transaction->watch({"balance"}));
  transaction->queue({"SELECT", "3"});
  transaction->queue({"SET", "balance", "12"});

  CHECK(right_answers(redis) == all_right);
  CHECK(redis.publish("news", "hello") == 1);

  const auto replies = transaction->execute();
  REQUIRE(replies);
  CHECK(*replies);
  CHECK(right_answers(redis) == all_right);
  CHECK(redis.get("balance") == "10");  // The other database has 12: nobody else was moved there.
  const auto message = subscriber.next(10s);
  REQUIRE(message);
  REQUIRE(*message);
  CHECK((*message)->payload == "hello");
}
