#pragma once

// The server's side of subscriptions, as scripts.

#include "support.hpp"
#include "support/results.hpp"
#include "support/scripted_server.hpp"

#include <cachekit/redis_subscriber.hpp>

#include <chrono>
#include <string>

namespace cachekit::test {

inline std::string bulk(const std::string& text) {
  return '$' + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

inline std::string command(const std::string& verb, const std::string& name) {
  return "*2\r\n" + bulk(verb) + bulk(name);
}

inline std::string confirmation(const std::string& name, int count) {
  return "*3\r\n" + bulk("subscribe") + bulk(name) + ':' + std::to_string(count) + "\r\n";
}

inline std::string message(const std::string& channel, const std::string& payload) {
  return "*3\r\n" + bulk("message") + bulk(channel) + payload;
}

inline void greet(Peer& peer) {
  peer.expect("*1\r\n$4\r\nPING\r\n");
  peer.send("+PONG\r\n");
}

/// Serves a subscription to "alpha" and one to "zeta", then closes the connection.
inline void serve_both_and_close(Peer& peer) {
  greet(peer);
  peer.expect(command("SUBSCRIBE", "alpha"));
  peer.send(confirmation("alpha", 1));
  peer.expect(command("SUBSCRIBE", "zeta"));
  peer.send(confirmation("zeta", 2));
}

inline void expect_both(Peer& peer) {
  greet(peer);
  peer.expect(command("SUBSCRIBE", "alpha") + command("SUBSCRIBE", "zeta"));
}

/// Serves a subscription to "alpha" alone, with something behind its confirmation.
inline void serve_alpha(Peer& peer, const std::string& behind) {
  greet(peer);
  peer.expect(command("SUBSCRIBE", "alpha"));
  peer.send(confirmation("alpha", 1) + behind);
}

inline auto serving_alpha(const std::string& behind) {
  return [=](Peer& peer) {
    serve_alpha(peer, behind);
    peer.stall();
  };
}

/// Restores both, and publishes something to "alpha".
inline auto restoring_both(const std::string& payload) {
  return [=](Peer& peer) {
    expect_both(peer);
    peer.send(confirmation("alpha", 1) + confirmation("zeta", 2));
    peer.send(message("alpha", bulk(payload)));
    peer.stall();
  };
}

inline Subscriber unsubscribed(const ScriptedServer& server) {
  return Subscriber({.host = "127.0.0.1",
                     .port = server.port(),
                     .operation_timeout = std::chrono::seconds(30),
                     .client_name = {}});
}

/// Subscribed to both, and told that the connection is lost.
inline Subscriber subscriber_of(const ScriptedServer& server) {
  Subscriber subscriber = unsubscribed(server);
  must(subscriber.subscribe("alpha"));
  must(subscriber.subscribe("zeta"));
  CHECK(code_of(subscriber.next(std::chrono::seconds(30))) == "unavailable");
  return subscriber;
}

inline std::string text_of(const Result<std::optional<Message>>& outcome) {
  if (!outcome) return code_of(outcome) + ": " + outcome.error().message;
  return *outcome ? (*outcome)->channel + "=" + (*outcome)->payload : "nothing";
}

}  // namespace cachekit::test
