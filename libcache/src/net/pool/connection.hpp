#pragma once

#include "core/fork.hpp"
#include "core/internal.hpp"
#include "net/protocol.hpp"
#include "net/request.hpp"
#include "net/transport/address.hpp"
#include "net/transport/socket.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace cachekit::net {

/// What became of the requests on a set of connections.
struct ExchangeCounts {
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> timeouts{0};
};

/// One open connection and the protocol's session on it. One request is under way at a time.
///
/// Invariant: a connection is `usable` only while requests and replies are known to be in step. Any
/// doubt (a timeout, an error, bytes that nobody asked for) makes it unusable for good, so a
/// reply reaches its own request or nobody.
///
/// Threads: one at a time.
class CACHEKIT_INTERNAL Connection {
 public:
  /// Shakes hands over a socket that was connected just now; `endpoint` is for messages.
  /// Errors: those of `Protocol::handshake`, never `outcome_unknown`; the socket is closed then, as
  /// where memory runs out.
  [[nodiscard]] static Result<std::unique_ptr<Connection>> greet(Socket socket,
                                                                 std::string endpoint,
                                                                 const Protocol& protocol,
                                                                 Deadline deadline);

  /// Sends a request and waits for its last reply.
  /// Errors: as `pump_until`, and `timeout` or `outcome_unknown` when the deadline passes.
  [[nodiscard]] Result<void> exchange(Request& request, Deadline deadline);

  /// Encodes a request, of which nothing is sent yet. Errors: what `Request::encode` refuses,
  /// `overloaded` where it finds no memory; the connection stays usable then.
  [[nodiscard]] Result<void> begin(Request& request) noexcept;
  /// Writes and reads, waiting as long as the deadline allows: true when the request is complete,
  /// false where the deadline came first. Errors: `unavailable` when the peer closed,
  /// `outcome_unknown` where a write may have been carried out, `protocol` for nonsense.
  [[nodiscard]] Result<bool> pump_until(Deadline deadline) noexcept;
  /// The error for a deadline that passed before the request was complete; makes the connection
  /// unusable.
  [[nodiscard]] Error give_up(std::string_view why) noexcept;

  /// Counts the requests from now on. Lifetime: `counts` outlives the connection.
  void count_in(ExchangeCounts& counts) noexcept { counts_ = &counts; }

  /// Which generation of its node's connections it is of: those before the last one are retired.
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }
  void belong_to(std::uint64_t generation) noexcept { generation_ = generation; }

  [[nodiscard]] int descriptor() const noexcept { return socket_.descriptor(); }
  /// Whether `pump_until` waits for room to write (else it waits for bytes to read).
  [[nodiscard]] bool wants_write() const noexcept { return !peer_gone_ && sent_ < out_.size(); }
  /// Not while a request is open: what its owner left behind, whyever, is nobody else's.
  [[nodiscard]] bool usable() const noexcept {
    return usable_ && request_ == nullptr && !inherited();
  }
  /// Whether a request that failed has had no byte sent and no reply.
  [[nodiscard]] bool nothing_sent() const noexcept { return sent_ == 0; }
  /// Whether the peer, unasked, closed an idle connection or said something. Cost: one system call.
  [[nodiscard]] bool stale() const noexcept;
  /// The first of the bytes that have come and that nobody has read: a peer that ends an idle
  /// connection may say why.
  [[nodiscard]] std::string unread() const;

  [[nodiscard]] Session& session() noexcept { return *session_; }
  /// For an owner that goes on with socket and session by itself, after the handshake.
  [[nodiscard]] std::pair<Socket, std::unique_ptr<Session>> take_apart() && noexcept {
    return {std::move(socket_), std::move(session_)};
  }
  [[nodiscard]] const std::string& endpoint() const noexcept { return endpoint_; }

  /// Waits up to `deadline` for bytes and feeds them to the session; for peers that talk unasked
  /// (subscriptions). False when none came. Errors: `unavailable`.
  [[nodiscard]] Result<bool> receive(Deadline deadline);

 private:
  Connection(Socket socket, std::unique_ptr<Session> session, std::string endpoint);

  [[nodiscard]] Result<void> write_some(Deadline until);
  [[nodiscard]] Result<bool> pump(Deadline wait) noexcept;
  [[nodiscard]] Result<bool> move_on(Deadline wait);
  [[nodiscard]] Result<bool> read_replies(Deadline wait);
  [[nodiscard]] Result<bool> read_some(std::optional<Deadline> wait);
  void finish_request() noexcept;
  [[nodiscard]] Error broken(Errc code, std::string_view why) noexcept;
  /// Whether this process is a child of the one that opened the connection, and must not use it.
  [[nodiscard]] bool inherited() const noexcept { return process_ != core::fork_generation(); }

  Socket socket_;
  std::unique_ptr<Session> session_;
  std::string endpoint_;
  Request* request_ = nullptr;
  ExchangeCounts* counts_ = nullptr;
  std::unique_ptr<char[]> buffer_;  // For reading; from the first time on.
  std::string out_;
  std::size_t sent_ = 0;
  bool answered_ = false;   // The last reply is in, perhaps before all of the request was out.
  bool peer_gone_ = false;  // The peer takes no more bytes.
  bool usable_ = true;
  std::uint64_t generation_ = 0;
  std::uint32_t process_ = core::fork_generation();  // It belongs to the process that opened it.
};

}  // namespace cachekit::net
