// What a subscriber says when something of its subscriptions is lost.

#include "support.hpp"
#include "support/fault_proxy.hpp"
#include "support/gate.hpp"
#include "support/results.hpp"
#include "support/scripted_server.hpp"

#include <cachekit/redis_subscriber.hpp>
#include <cachekit/redis_transaction.hpp>

#include <string>

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

namespace {

std::string bulk(const std::string& text) {
  return '$' + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

std::string command(const std::string& verb, const std::string& name) {
  return "*2\r\n" + bulk(verb) + bulk(name);
}

std::string confirmation(const std::string& name, int count) {
  return "*3\r\n" + bulk("subscribe") + bulk(name) + ':' + std::to_string(count) + "\r\n";
}

std::string message(const std::string& channel, const std::string& payload) {
  return "*3\r\n" + bulk("message") + bulk(channel) + payload;
}

void greet(Peer& peer) {
  peer.expect("*1\r\n$4\r\nPING\r\n");
  peer.send("+PONG\r\n");
}

// Serves a subscription to "alpha" and one to "zeta", then closes the connection.
void serve_both_and_close(Peer& peer) {
  greet(peer);
  peer.expect(command("SUBSCRIBE", "alpha"));
  peer.send(confirmation("alpha", 1));
  peer.expect(command("SUBSCRIBE", "zeta"));
  peer.send(confirmation("zeta", 2));
}

void expect_both(Peer& peer) {
  greet(peer);
  peer.expect(command("SUBSCRIBE", "alpha") + command("SUBSCRIBE", "zeta"));
}

// Serves a subscription to "alpha" alone, with something behind its confirmation.
auto serving_alpha(const std::string& behind) {
  return [=](Peer& peer) {
    greet(peer);
    peer.expect(command("SUBSCRIBE", "alpha"));
    peer.send(confirmation("alpha", 1) + behind);
    peer.stall();
  };
}

Subscriber unsubscribed(const ScriptedServer& server) {
  return Subscriber(
      {.host = "127.0.0.1", .port = server.port(), .operation_timeout = 30s, .client_name = {}});
}

Subscriber subscriber_of(const ScriptedServer& server) {
  Subscriber subscriber = unsubscribed(server);
  must(subscriber.subscribe("alpha"));
  must(subscriber.subscribe("zeta"));
  CHECK(code_of(subscriber.next(30s)) == "unavailable");  // The loss of the connection.
  return subscriber;
}

std::string text_of(const Result<std::optional<Message>>& outcome) {
  if (!outcome) return code_of(outcome) + ": " + outcome.error().message;
  return *outcome ? (*outcome)->channel + "=" + (*outcome)->payload : "nothing";
}

}  // namespace

TEST_CASE("a channel that is refused when all is restored is told once, and the others are heard",
          "[redis][subscriber]") {
  const RedisServer server({.acl_user = "app", .acl_password = "secret"});
  RedisBackend admin(config_of(server));
  RedisConfig config = config_of(server);
  config.username = "app";
  config.password = "secret";
  Subscriber subscriber(config);
  for (const char* name : {"alpha", "mid", "zeta"}) must(subscriber.subscribe(name));
  must(subscriber.subscribe_pattern("a*"));
  must(admin.command({"ACL", "SETUSER", "app", "resetchannels", "&zeta", "&mid"}));
  // A server that has changed an ACL kills the clients whose subscriptions it forbids.
  CHECK(code_of(subscriber.next(30s)) == "unavailable");

  const auto first = subscriber.next(30s);
  INFO(text_of(first));
  REQUIRE_FALSE(first);
  CHECK(first.error().code == Errc::rejected);
  CHECK(first.error().message.find("alpha") != std::string::npos);
  CHECK(first.error().message.find("NOPERM") != std::string::npos);
  const auto second = subscriber.next(30s);
  REQUIRE_FALSE(second);
  CHECK(second.error().message.find("a*") != std::string::npos);

  CHECK(must(admin.publish("zeta", "two")) == 1);
  CHECK(text_of(subscriber.next(30s)) == "zeta=two");
  CHECK(must(admin.publish("mid", "three")) == 1);
  CHECK(text_of(subscriber.next(30s)) == "mid=three");
  CHECK(text_of(subscriber.next(1ms)) == "nothing");

  // It is asked for again when the user says so, and not before.
  CHECK(code_of(subscriber.subscribe("alpha")) == "rejected");
  must(admin.command({"ACL", "SETUSER", "app", "&alpha"}));
  must(subscriber.subscribe("alpha"));
  CHECK(must(admin.publish("alpha", "four")) == 1);
  CHECK(text_of(subscriber.next(30s)) == "alpha=four");
}

TEST_CASE("a server that is not ready to restore a channel keeps it to be restored later",
          "[redis][subscriber]") {
  ScriptedServer server({serve_both_and_close,
                         [](Peer& peer) {
                           expect_both(peer);
                           peer.send("-LOADING Redis is loading the dataset in memory\r\n" +
                                     confirmation("zeta", 1));
                           peer.stall();
                         },
                         [](Peer& peer) {
                           expect_both(peer);
                           peer.send(confirmation("alpha", 1) + confirmation("zeta", 2));
                           peer.send(message("alpha", bulk("heard")));
                           peer.stall();
                         }});
  Subscriber subscriber = subscriber_of(server);
  const std::string refused = text_of(subscriber.next(30s));
  CHECK(refused.starts_with("unavailable: "));
  CHECK(refused.find("alpha") != std::string::npos);
  CHECK(text_of(subscriber.next(30s)) == "alpha=heard");
  CHECK(server.failures().empty());
}

TEST_CASE("next returns when its time is over, and connecting goes on meanwhile",
          "[redis][subscriber]") {
  FaultProxy proxy(shared_redis().port());
  RedisBackend redis(config_of(shared_redis()));
  Subscriber subscriber({.host = "127.0.0.1",
                         .port = proxy.port(),
                         .connection_timeout = 30s,
                         .operation_timeout = 30s});
  must(subscriber.subscribe("patience"));
  proxy.reset_connections();
  CHECK(code_of(subscriber.next(30s)) == "unavailable");
  proxy.stall();  // It accepts, and says no word.
  for (int i = 0; i < 20; ++i) CHECK(text_of(subscriber.next(1ms)) == "nothing");
  CHECK(eventually([&] { return proxy.connections() > 1; }));
  proxy.pass();
  CHECK(eventually([&] {
    CHECK(text_of(subscriber.next(1ms)) == "nothing");
    return must(redis.publish("patience", "heard")) == 1;
  }));
  CHECK(text_of(subscriber.next(30s)) == "patience=heard");
  CHECK(proxy.connections() == 2);
}

TEST_CASE("next returns when its time is over while all is restored, and goes on with that",
          "[redis][subscriber]") {
  Gate ready;
  ScriptedServer server({serve_both_and_close, [&](Peer& peer) {
                           expect_both(peer);
                           peer.send(confirmation("alpha", 1) + message("alpha", bulk("early")));
                           peer.wait_for(ready);
                           peer.send(confirmation("zeta", 2) + message("zeta", bulk("late")));
                           peer.expect(command("UNSUBSCRIBE", "alpha"));
                           peer.send("*3\r\n" + bulk("unsubscribe") + bulk("alpha") + ":1\r\n");
                           peer.stall();
                         }});
  Subscriber subscriber = subscriber_of(server);
  std::string text;
  CHECK(eventually([&] {
    text = text_of(subscriber.next(10ms));
    return text != "nothing";
  }));
  CHECK(text == "alpha=early");
  CHECK(text_of(subscriber.next(10ms)) == "nothing");
  ready.open();
  // What is not restored yet can be taken back.
  must(subscriber.unsubscribe("alpha"));
  CHECK(text_of(subscriber.next(30s)) == "zeta=late");
  CHECK(server.connections() == 2);
  CHECK(server.failures().empty());
}

TEST_CASE("a server that is not ready to restore a channel is not asked again and again",
          "[redis][subscriber]") {
  ScriptedServer server({serve_both_and_close, [](Peer& peer) {
                           expect_both(peer);
                           peer.send("-LOADING Redis is loading the dataset in memory\r\n" +
                                     confirmation("zeta", 1));
                           peer.stall();
                         }});
  Subscriber subscriber = subscriber_of(server);
  std::size_t told = 0;
  for (int i = 0; i < 200; ++i) {
    const std::string text = text_of(subscriber.next(5ms));
    if (text != "nothing") CHECK(text.starts_with("unavailable: "));
    if (text != "nothing") ++told;
  }
  CHECK(told > 0);
  CHECK(server.connections() - 1 >= told);
  CHECK(server.connections() < 100);
}

TEST_CASE(
    "a server that is gone is told with each attempt to reach it, and not dialled without end",
    "[redis][subscriber]") {
  FaultProxy proxy(shared_redis().port());
  Subscriber subscriber({.host = "127.0.0.1", .port = proxy.port()});
  must(subscriber.subscribe("gone"));
  proxy.refuse();
  proxy.reset_connections();
  CHECK(code_of(subscriber.next(30s)) == "unavailable");
  int told = 0;
  for (int i = 0; i < 200; ++i) {
    const auto outcome = subscriber.next(5ms);
    if (!outcome) CHECK(outcome.error().message.find("Connection refused") != std::string::npos);
    told += outcome ? 0 : 1;
  }
  CHECK(told > 0);
  CHECK(told < 100);
  proxy.accept();
  RedisBackend redis(config_of(shared_redis()));
  CHECK(eventually([&] {
    static_cast<void>(subscriber.next(1ms));
    return must(redis.publish("gone", "back")) == 1;
  }));
  CHECK(text_of(subscriber.next(30s)) == "gone=back");
}

TEST_CASE("a connection that ends while all is restored is told, and all is restored on the next",
          "[redis][subscriber]") {
  ScriptedServer server({serve_both_and_close,
                         [](Peer& peer) {
                           expect_both(peer);
                           peer.send(confirmation("alpha", 1) + "*3\r\n$9\r\nsubs");
                         },
                         [](Peer& peer) {
                           expect_both(peer);
                           peer.send(confirmation("alpha", 1));
                           peer.send(message("alpha", bulk("early")));
                           peer.send(confirmation("zeta", 2) + message("zeta", bulk("late")));
                           peer.stall();
                         }});
  Subscriber subscriber = subscriber_of(server);
  CHECK(code_of(subscriber.next(30s)) == "unavailable");
  CHECK(text_of(subscriber.next(30s)) == "alpha=early");
  CHECK(text_of(subscriber.next(30s)) == "zeta=late");
  CHECK(server.connections() == 3);
  CHECK(server.failures().empty());
}

TEST_CASE("a connection that ends while something is subscribed to is told by next, too",
          "[redis][subscriber]") {
  ScriptedServer server({[](Peer& peer) {
                           greet(peer);
                           peer.expect(command("SUBSCRIBE", "alpha"));
                           peer.send(confirmation("alpha", 1) + message("alpha", bulk("first")));
                           peer.expect(command("SUBSCRIBE", "zeta"));
                         },
                         [](Peer& peer) {
                           greet(peer);
                           peer.expect(command("SUBSCRIBE", "alpha"));
                           peer.send(confirmation("alpha", 1) + message("alpha", bulk("second")));
                           peer.stall();
                         }});
  Subscriber subscriber = unsubscribed(server);
  must(subscriber.subscribe("alpha"));
  CHECK(code_of(subscriber.subscribe("zeta")) == "unavailable");
  CHECK(text_of(subscriber.next(30s)) == "alpha=first");
  CHECK(code_of(subscriber.next(30s)) == "unavailable");
  CHECK(text_of(subscriber.next(30s)) == "alpha=second");
  CHECK(server.failures().empty());
}

TEST_CASE("a connection that ends while all is restored before a subscription is told by next, too",
          "[redis][subscriber]") {
  ScriptedServer server({serve_both_and_close,
                         [](Peer& peer) {
                           expect_both(peer);
                           peer.send(confirmation("alpha", 1) + message("alpha", bulk("between")));
                         },
                         [](Peer& peer) {
                           expect_both(peer);
                           peer.send(confirmation("alpha", 1) + confirmation("zeta", 2));
                           peer.send(message("alpha", bulk("after")));
                           peer.stall();
                         }});
  Subscriber subscriber = subscriber_of(server);
  const bool subscribes = GENERATE(true, false);
  CAPTURE(subscribes);
  if (subscribes) CHECK(code_of(subscriber.subscribe("third")) == "unavailable");
  CHECK(text_of(subscriber.next(30s)) == "alpha=between");
  CHECK(code_of(subscriber.next(30s)) == "unavailable");
  CHECK(text_of(subscriber.next(30s)) == "alpha=after");
  CHECK(server.failures().empty());
}

TEST_CASE("each loss is told where it was, also when several are found before one is told",
          "[redis][subscriber]") {
  const auto serving = [](const std::string& payload) {
    return [payload](Peer& peer) {
      greet(peer);
      peer.expect(command("SUBSCRIBE", "alpha"));
      peer.send(confirmation("alpha", 1) + message("alpha", bulk(payload)));
    };
  };
  ScriptedServer server(
      {serving("one"), serving("two"), serving_alpha(message("alpha", bulk("three")))});
  Subscriber subscriber = unsubscribed(server);
  must(subscriber.subscribe("alpha"));
  for (int i = 0; i < 2; ++i) CHECK(code_of(subscriber.subscribe("zeta")) == "unavailable");
  CHECK(text_of(subscriber.next(30s)) == "alpha=one");
  CHECK(code_of(subscriber.next(30s)) == "unavailable");
  CHECK(text_of(subscriber.next(30s)) == "alpha=two");
  CHECK(code_of(subscriber.next(30s)) == "unavailable");
  CHECK(text_of(subscriber.next(30s)) == "alpha=three");
  CHECK(server.failures().empty());
}

TEST_CASE("a loss that subscribe finds is told before what comes on the next connection",
          "[redis][subscriber]") {
  ScriptedServer server({[](Peer& peer) {
                           greet(peer);
                           peer.expect(command("SUBSCRIBE", "alpha"));
                           peer.send(confirmation("alpha", 1) + message("alpha", bulk("before")));
                         },
                         [](Peer& peer) {
                           greet(peer);
                           peer.expect(command("SUBSCRIBE", "alpha"));
                           peer.send(confirmation("alpha", 1) + message("alpha", bulk("after")));
                           peer.expect(command("SUBSCRIBE", "zeta"));
                           peer.send(confirmation("zeta", 2));
                           peer.stall();
                         }});
  Subscriber subscriber = unsubscribed(server);
  must(subscriber.subscribe("alpha"));
  CHECK(code_of(subscriber.subscribe("zeta")) == "unavailable");
  must(subscriber.subscribe("zeta"));
  CHECK(text_of(subscriber.next(30s)) == "alpha=before");
  CHECK(code_of(subscriber.next(30s)) == "unavailable");
  CHECK(text_of(subscriber.next(30s)) == "alpha=after");
  CHECK(server.failures().empty());
}

TEST_CASE("a subscription that a hung server does not confirm is a lost connection to next",
          "[redis][subscriber]") {
  RedisServer server;
  RedisConfig config = config_of(server);
  config.operation_timeout = 200ms;
  Subscriber subscriber(config);
  must(subscriber.subscribe("alpha"));
  server.stop();
  CHECK(code_of(subscriber.subscribe("zeta")) == "timeout");
  CHECK(code_of(subscriber.next(30s)) == "unavailable");
  server.resume();
}

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
