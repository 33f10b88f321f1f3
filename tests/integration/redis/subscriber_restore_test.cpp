// How subscriptions are restored, and what becomes of one that is not.

#include "subscriber_peers.hpp"
#include "support/fault_proxy.hpp"
#include "support/gate.hpp"

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

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
                         restoring_both("heard")});
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
