#include "support.hpp"

#include <cachekit/redis_subscriber.hpp>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

Message take(Subscriber& subscriber) {
  auto message = subscriber.next(10s);
  REQUIRE(message);
  REQUIRE(message->has_value());
  return **std::move(message);
}

}  // namespace

TEST_CASE("a subscriber receives what is published after subscribe returned", "[redis]") {
  RedisBackend redis(config_of(shared_redis()));
  Subscriber subscriber = redis.subscriber();
  REQUIRE(subscriber.subscribe("news"));
  REQUIRE(subscriber.subscribe_pattern("log.*"));
  CHECK(redis.publish("news", std::string("a\0b\r\n", 5)) == 1);
  CHECK(redis.publish("log.error", "disk") == 1);
  CHECK(redis.publish("other", "nobody") == 0);

  const Message first = take(subscriber);
  CHECK(first.channel == "news");
  CHECK(first.pattern.empty());
  CHECK(first.payload == std::string("a\0b\r\n", 5));
  const Message second = take(subscriber);
  CHECK(second.channel == "log.error");
  CHECK(second.pattern == "log.*");
  CHECK(subscriber.next(1ms) == std::nullopt);
}

TEST_CASE("messages that arrive while subscribing to more are kept, in order", "[redis]") {
  RedisBackend redis(config_of(shared_redis()));
  Subscriber subscriber = redis.subscriber();
  REQUIRE(subscriber.subscribe("first"));
  for (int i = 0; i < 100; ++i) REQUIRE(redis.publish("first", std::to_string(i)));
  REQUIRE(subscriber.subscribe("second"));
  REQUIRE(subscriber.unsubscribe("second"));
  for (int i = 0; i < 100; ++i) CHECK(take(subscriber).payload == std::to_string(i));
  CHECK(redis.publish("second", "gone") == 0);
}

TEST_CASE("a lost connection is told once, then everything is subscribed anew", "[redis]") {
  RedisServer server;
  RedisBackend redis(config_of(server));
  Subscriber subscriber = redis.subscriber();
  REQUIRE(subscriber.subscribe("news"));
  server.kill();
  const auto lost = subscriber.next(10s);
  REQUIRE_FALSE(lost);
  CHECK(lost.error().code == Errc::unavailable);
  server.restart();
  CHECK(eventually([&] {
    static_cast<void>(subscriber.next(1ms));
    return redis.publish("news", "back") == 1;
  }));
  CHECK(take(subscriber).payload == "back");
}
