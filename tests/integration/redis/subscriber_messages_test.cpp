// What a server says to a subscriber, and what is no message.

#include "subscriber_peers.hpp"
#include "support/gate.hpp"

#include <cachekit/redis_transaction.hpp>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

TEST_CASE("a confirmation of anything else confirms nothing", "[redis][subscriber]") {
  const std::string other = GENERATE(
      confirmation("other", 1), "*3\r\n" + bulk("unsubscribe") + bulk("alpha") + ":0\r\n",
      "*3\r\n" + bulk("psubscribe") + bulk("alpha") + ":1\r\n",
      "*2\r\n" + bulk("subscribe") + bulk("alpha"), std::string("*0\r\n"), std::string(":1\r\n"));
  CAPTURE(other);
  ScriptedServer server({[&](Peer& peer) {
                           greet(peer);
                           peer.expect(command("SUBSCRIBE", "alpha"));
                           peer.send(other + confirmation("alpha", 1));
                           peer.stall();
                         },
                         serving_alpha(message("alpha", bulk("heard")))});
  Subscriber subscriber = unsubscribed(server);
  CHECK(code_of(subscriber.subscribe("alpha")) == "protocol");
  CHECK(code_of(subscriber.next(30s)) == "unavailable");
  must(subscriber.subscribe("alpha"));
  CHECK(text_of(subscriber.next(30s)) == "alpha=heard");
  CHECK(server.failures().empty());
}

TEST_CASE("what comes to a subscriber and is no message ends the connection",
          "[redis][subscriber]") {
  const std::string stray =
      GENERATE(std::string(":5\r\n"), std::string("+OK\r\n"), std::string("-ERR what?\r\n"),
               std::string("$-1\r\n"), confirmation("alpha", 1), std::string("*0\r\n"));
  CAPTURE(stray);
  ScriptedServer server(
      {serving_alpha(message("alpha", bulk("before")) + stray + message("alpha", bulk("behind"))),
       serving_alpha(message("alpha", bulk("anew")))});
  Subscriber subscriber = unsubscribed(server);
  must(subscriber.subscribe("alpha"));
  CHECK(text_of(subscriber.next(30s)) == "alpha=before");
  CHECK(code_of(subscriber.next(30s)) == "unavailable");
  CHECK(text_of(subscriber.next(30s)) == "alpha=anew");
  CHECK(server.failures().empty());
}

TEST_CASE("a subscriber that was moved from refuses every call", "[redis][subscriber]") {
  Subscriber subscriber(config_of(shared_redis()));
  Subscriber other = std::move(subscriber);
  CHECK(code_of(subscriber.subscribe("alpha")) == "invalid_argument");
  CHECK(code_of(subscriber.subscribe_pattern("a*")) == "invalid_argument");
  CHECK(code_of(subscriber.unsubscribe("alpha")) == "invalid_argument");
  CHECK(code_of(subscriber.unsubscribe_pattern("a*")) == "invalid_argument");
  CHECK(code_of(subscriber.next(1ms)) == "invalid_argument");
  CHECK(other.subscribe("alpha"));
}

TEST_CASE("a message that cannot be kept is told, and the next one is heard",
          "[redis][subscriber]") {
  std::string deep = ":1\r\n";
  for (int i = 0; i < 100; ++i) deep.insert(0, "*1\r\n");
  ScriptedServer server([&](Peer& peer) {
    greet(peer);
    peer.expect(command("SUBSCRIBE", "alpha"));
    peer.send(confirmation("alpha", 1) + message("alpha", deep) + message("alpha", bulk("next")));
    peer.expect(command("SUBSCRIBE", "zeta"));
    peer.send(message("alpha", deep) + confirmation("zeta", 2) + message("zeta", bulk("last")));
    peer.stall();
  });
  Subscriber subscriber = unsubscribed(server);
  must(subscriber.subscribe("alpha"));
  CHECK(code_of(subscriber.next(30s)) == "too_large");
  CHECK(text_of(subscriber.next(30s)) == "alpha=next");
  must(subscriber.subscribe("zeta"));
  CHECK(code_of(subscriber.next(30s)) == "too_large");
  CHECK(text_of(subscriber.next(30s)) == "zeta=last");
  CHECK(server.failures().empty());
}

TEST_CASE("an invalidation is a message for each key, or one for all", "[redis][subscriber]") {
  const std::string channel = "__redis__:invalidate";
  ScriptedServer server([&](Peer& peer) {
    greet(peer);
    peer.expect(command("SUBSCRIBE", channel));
    peer.send(confirmation(channel, 1));
    peer.send(message(channel, "*2\r\n" + bulk("k1") + bulk("k2")));
    peer.send(message(channel, "*-1\r\n"));
    peer.send(message(channel, "*1\r\n" + bulk("")));
    peer.stall();
  });
  Subscriber subscriber({.host = "127.0.0.1", .port = server.port(), .client_name = {}});
  must(subscriber.subscribe(channel));
  const Message first = must(subscriber.next(30s)).value();
  CHECK((first.channel == channel && first.payload == "k1" && !first.all_keys));
  CHECK(must(subscriber.next(30s)).value().payload == "k2");
  const Message all = must(subscriber.next(30s)).value();
  CHECK((all.payload.empty() && all.all_keys));
  const Message empty = must(subscriber.next(30s)).value();
  CHECK((empty.payload.empty() && !empty.all_keys));
}

TEST_CASE("a real server's invalidations are heard", "[redis][subscriber]") {
  RedisServer server;
  RedisConfig config = config_of(server);
  config.client_name = "listener";
  RedisBackend redis(config);
  Subscriber subscriber(config);
  must(subscriber.subscribe("__redis__:invalidate"));
  const std::string clients = must(redis.command({"CLIENT", "LIST", "TYPE", "PUBSUB"})).text;
  const std::string id = clients.substr(3, clients.find(' ') - 3);
  // Tracking belongs to a connection of its own, such as that of a transaction.
  auto tx = redis.transaction();
  REQUIRE(tx);
  tx->queue({"CLIENT", "TRACKING", "ON", "REDIRECT", id, "BCAST"});
  must(tx->execute());
  must(redis.set("key", "value"));
  const Message changed = must(subscriber.next(30s)).value();
  CHECK((changed.channel == "__redis__:invalidate" && changed.payload == "key"));
  must(redis.clear());
  CHECK(must(subscriber.next(30s)).value().all_keys);
}

TEST_CASE("next keeps to its time while one large message comes in", "[redis][subscriber]") {
  Gate over;
  ScriptedServer server([&](Peer& peer) {
    serve_alpha(peer, "*3\r\n" + bulk("message") + bulk("alpha") + "$500000000\r\n");
    const std::string part(std::size_t{1} << 20U, 'x');
    for (int i = 0; i < 400; ++i) peer.send(part);  // More than there is time for.
    peer.wait_for(over);
    peer.stall();
  });
  Subscriber subscriber = unsubscribed(server);
  must(subscriber.subscribe("alpha"));
  for (int i = 0; i < 3; ++i) CHECK(must(subscriber.next(20ms)) == std::nullopt);
  over.open();
}
