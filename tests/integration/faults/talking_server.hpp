#pragma once

#include "rig.hpp"
#include "support/resp.hpp"
#include "support/scripted_server.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace cachekit::test {

/// A server of either kind that answers every look-up of a key with `value_of(key)`, every count
/// with 1 and stores everything, but can be made to say things that nobody asked for.
///
/// Threads: the members may be called from any.
class TalkingServer {
 public:
  explicit TalkingServer(Kind kind);

  [[nodiscard]] std::uint16_t port() const noexcept { return server_.port(); }
  /// Connections that their client has ended.
  [[nodiscard]] std::size_t ended() const noexcept { return ended_; }
  [[nodiscard]] std::size_t connections() const noexcept { return server_.connections(); }
  [[nodiscard]] std::vector<std::string> failures() const { return server_.failures(); }

  [[nodiscard]] static std::string value_of(std::string_view key);
  /// How this kind of server would answer a look-up with `value`, a store, and a count.
  [[nodiscard]] std::string look_up_reply(std::string_view value) const;
  [[nodiscard]] std::string store_reply() const;
  [[nodiscard]] std::string count_reply(int count) const;

  /// On all connections that are open. It is in the clients' sockets when this returns.
  void interject(std::string_view bytes);
  /// In front of the reply to the next request, which goes in a packet of its own behind it: the
  /// peer's kernel keeps that until the first has been acknowledged (RFC 896).
  void speak_before_next(std::string bytes);
  /// The next connections, `times` of them, hear this before anything else.
  void greet_with(std::string bytes, int times);
  /// Once `requests` more have come on one connection, greetings aside, they are answered by these
  /// bytes instead of their replies, in one packet.
  void answer_once(std::size_t requests, std::string bytes);

 private:
  class Present;

  void serve(Peer& peer);
  void greet(Peer& peer);
  [[nodiscard]] std::string read_request(Peer& peer) const;
  [[nodiscard]] std::string read_resp(Peer& peer) const;
  [[nodiscard]] std::string read_meta(Peer& peer) const;
  void answer(Peer& peer, std::string reply, std::string& held_back, std::size_t& held);

  const Kind kind_;
  std::atomic<std::size_t> ended_{0};
  std::mutex mutex_;  // guards the members below, and that one thread at a time speaks
  std::vector<Peer*> peers_;
  std::string greeting_;
  int greetings_ = 0;
  std::string before_;
  std::string instead_;
  std::size_t after_ = 0;  // Requests; 0: the replies are as they should be.
  ScriptedServer server_;
};

}  // namespace cachekit::test
