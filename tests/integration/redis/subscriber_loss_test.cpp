// What a subscriber says when its connection is lost.

#include "subscriber_peers.hpp"

using namespace cachekit;
using namespace cachekit::test;
using namespace std::chrono_literals;

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
                           serve_alpha(peer, message("alpha", bulk("first")));
                           peer.expect(command("SUBSCRIBE", "zeta"));
                         },
                         serving_alpha(message("alpha", bulk("second")))});
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
                         restoring_both("after")});
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
    return [payload](Peer& peer) { serve_alpha(peer, message("alpha", bulk(payload))); };
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
  ScriptedServer server({[](Peer& peer) { serve_alpha(peer, message("alpha", bulk("before"))); },
                         [](Peer& peer) {
                           serve_alpha(peer, message("alpha", bulk("after")));
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
