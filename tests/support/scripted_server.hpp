#pragma once

#include "support/gate.hpp"
#include "support/loopback.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace cachekit::test {

class ScriptedServer;

/// One connection of a scripted server, as seen by its script. Every step ends the script when the
/// client or the server goes.
class Peer {
 public:
  /// Reads one line, its end included.
  std::string read_line();
  std::string read_exactly(std::size_t bytes);
  /// Reads as many bytes; anything else than these is a failure of the test.
  void expect(std::string_view bytes);

  void send(std::string_view bytes);
  /// Returns once all that was sent has arrived at the client's side, read or not.
  void wait_until_delivered();
  /// One system call, and so mostly one packet, per byte.
  void send_bytewise(std::string_view bytes);

  void wait_for(Gate& gate);
  /// Takes all that comes and says nothing, until the client goes.
  void stall();
  void close() { socket_.close(); }
  /// Closes with a RST.
  void reset() { test::reset(socket_); }

 private:
  friend class ScriptedServer;
  Peer(ScriptedServer& server, Descriptor socket) : server_(server), socket_(std::move(socket)) {}
  void fill();
  void wait_until(short events);

  ScriptedServer& server_;
  Descriptor socket_;
  std::string unread_;
};

/// A server that does what a script says, however wrong that is: the n-th connection runs the n-th
/// script, later ones the last. A connection is closed when its script ends.
///
/// Threads: each connection has its own; the members may be called from the test's.
class ScriptedServer {
 public:
  using Script = std::function<void(Peer&)>;

  explicit ScriptedServer(std::vector<Script> scripts);
  explicit ScriptedServer(Script script) : ScriptedServer(std::vector{std::move(script)}) {}
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::string endpoint() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::size_t connections() const noexcept { return connections_; }
  /// All bytes from all connections so far.
  [[nodiscard]] std::string received() const;
  /// What scripts expected and did not get.
  [[nodiscard]] std::vector<std::string> failures() const;

 private:
  friend class Peer;
  struct Ended {};

  void accept_all();
  void run(Peer& peer, const Script& script);
  void note_received(std::string_view bytes);
  void note_failure(std::string what);

  std::vector<Script> scripts_;
  Descriptor listener_;
  Descriptor stop_;  // An eventfd, readable once the server is to end.
  std::uint16_t port_;
  std::atomic<std::size_t> connections_{0};

  mutable std::mutex mutex_;  // guards received_ and failures_
  std::string received_;
  std::vector<std::string> failures_;

  std::list<std::thread> peers_;  // Belongs to acceptor_ while that runs.
  std::thread acceptor_;
};

}  // namespace cachekit::test
