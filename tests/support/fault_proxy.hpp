#pragma once

#include "support/loopback.hpp"
#include "support/reply_stream.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <limits>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace cachekit::test {

/// A TCP proxy in front of a real server, which can be told to misbehave. Every member has taken
/// effect when it returns.
///
/// Threads: one of its own carries all connections; the members may be called from any other.
class FaultProxy {
 public:
  /// One that knows the server's speech can `interject`.
  explicit FaultProxy(std::uint16_t server_port, std::optional<Speech> speech = std::nullopt);
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_.number(); }
  [[nodiscard]] std::string endpoint() const { return "127.0.0.1:" + std::to_string(port()); }

  /// Passes nothing on in this direction; what comes is kept, and delivered late by `pass`.
  void hold_requests();
  void hold_replies();
  /// Holds both: a black hole that accepts connections.
  void stall();
  /// Passes so many bytes more on from each client, and then none.
  void hold_requests_after(std::size_t bytes);
  /// Ends what `hold_...`, `stall` and `cut_...` began.
  void pass();

  /// Resets a connection once `bytes` more have gone through it in this direction; the next `times`
  /// connections that get that far. With 0 for replies, the server has done what it was asked.
  void cut_requests_after(std::size_t bytes, int times = 1);
  void cut_replies_after(std::size_t bytes, int times = 1);

  /// One system call, and so mostly one packet, per byte, in both directions, for the first bytes
  /// of what arrives together.
  void split_bytes();
  /// Ends what `split_bytes` began.
  void join_bytes();

  /// Says something on each connection that its server did not say, at once or behind the reply
  /// that is on its way. Requires: a known speech.
  void interject(std::string bytes);

  void reset_connections();
  /// Ends them in order (FIN), as a balancer does with idle ones.
  void close_connections();
  /// Refuses new connections until `accept`.
  void refuse();
  void accept();

  [[nodiscard]] std::size_t connections() const noexcept { return accepted_; }
  [[nodiscard]] std::uint64_t request_bytes() const noexcept { return request_bytes_; }
  [[nodiscard]] std::uint64_t reply_bytes() const noexcept { return reply_bytes_; }

 private:
  enum class Way { request, reply };
  struct Pipe {
    std::string buffer{};
    std::size_t passed = 0;
    bool ended = false;
  };
  struct Link {
    Descriptor client;
    Descriptor server;
    Pipe request{};
    Pipe reply{};
    std::optional<ReplyStream> said{};
    std::string interjection{};
    bool over = false;
  };
  struct Cut {
    std::size_t after = 0;
    int times = 0;
  };

  void tell(std::function<void()> order);
  void obey();
  void run();
  void take_connection();
  void serve(Link& link, short client_events, short server_events);
  void take_in(Descriptor& from, Pipe& pipe, std::atomic<std::uint64_t>& counter);
  void pass_on(Link& link, Way way);
  static void interject_if_between(Link& link);
  [[nodiscard]] bool held(const Link& link, Way way) const;
  [[nodiscard]] short interest(const Link& link, Way incoming) const;

  ReservedPort port_;
  std::uint16_t server_port_;
  std::optional<Speech> speech_;
  Descriptor wake_;  // An eventfd.
  std::atomic<std::size_t> accepted_{0};
  std::atomic<std::uint64_t> request_bytes_{0};
  std::atomic<std::uint64_t> reply_bytes_{0};

  std::mutex mutex_;  // guards orders_
  std::vector<std::packaged_task<void()>> orders_;

  // These belong to the proxy's thread.
  Descriptor listener_;
  std::list<Link> links_;
  bool hold_requests_ = false;
  bool hold_replies_ = false;
  std::optional<std::size_t> hold_requests_after_;
  bool split_ = false;
  bool ending_ = false;
  Cut cut_requests_;
  Cut cut_replies_;

  std::thread thread_;
};

}  // namespace cachekit::test
