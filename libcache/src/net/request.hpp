#pragma once

#include <cachekit/error.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace cachekit::net {

class Request;

/// Requests above these sizes, and replies, would keep the others of a shared connection waiting
/// noticeably.
inline constexpr std::size_t large_bytes = std::size_t{64} << 10U;
inline constexpr std::size_t large_commands = 256;

/// A batch above this size is cut into pieces of about this, which go one after another: so much of
/// it is kept in a second copy, and so much may be lost with a connection.
inline constexpr std::size_t piece_bytes = std::size_t{1} << 20U;

/// So much is read from a peer at once at most.
inline constexpr std::size_t receive_bytes = std::size_t{64} << 10U;

/// What a protocol keeps for one connection: its decoder and what the handshake found out. It
/// knows no socket: it eats bytes and gives replies, whatever way the bytes were split.
class Session {
 public:
  virtual ~Session() = default;

  /// Takes bytes that came from the peer, `receive_bytes` at most. Where all replies that were
  /// complete have been handed out, that needs no memory.
  virtual void feed(std::string_view bytes) = 0;
  /// Hands `request` the replies that are complete; true when it has its last one.
  /// Errors: `protocol` for bytes that make no sense; the connection is closed.
  [[nodiscard]] virtual Result<bool> advance(Request& request) = 0;
  /// Whether no byte is left over. Bytes that no request asked for mean that replies are out of
  /// step, and the connection is closed.
  [[nodiscard]] virtual bool idle() const = 0;
  /// Whether the connection has to be replaced as soon as all that is under way is answered: the
  /// peer is not, or no longer, what its connections are for.
  [[nodiscard]] virtual bool retiring() const noexcept { return false; }
};

/// One submission: the bytes of one or many commands, and a place for their replies.
///
/// A protocol derives from it. Its results may be read only after `execute` has succeeded.
class Request {
 public:
  virtual ~Request() = default;

  /// Writes all of it, complete, before a byte goes out. Called again when a request is sent anew
  /// on a fresh connection; replies of an earlier attempt are then forgotten.
  /// Errors: what this session's peer cannot be asked; nothing is sent.
  [[nodiscard]] virtual Result<void> encode(const Session& session, std::string& out) = 0;
  /// Whether sending it twice does no harm (reads). Others are sent at most once.
  [[nodiscard]] virtual bool idempotent() const noexcept = 0;
  /// What takes the replies that are still to come, once nobody waits for them any more. It
  /// outlives this request and all that this one refers to. Requires: encoded, and not complete.
  [[nodiscard]] virtual std::unique_ptr<Request> abandoned() const = 0;
  /// Whether it is to be sent once more although the connection has ended over its own reply: as
  /// something else, that is `idempotent`.
  [[nodiscard]] virtual bool wants_again() const noexcept { return false; }
  /// Whether the peer refused to carry out this one of its commands (the only one is 0) in words
  /// that may mean "ask there", "ask later" or "not of me": then a router judges that before it is
  /// settled. Such a reply says that nothing was done. Requires: it has its last reply.
  [[nodiscard]] virtual bool refused(std::size_t /*command*/) const noexcept { return false; }
  /// It goes to another node from now on: that is named in messages, and has to be told first what
  /// lets it take somebody else's keys where it wants a `prelude`. Errors: may throw
  /// `std::bad_alloc`.
  virtual void redirected(const std::string& /*endpoint*/, bool /*prelude*/) {}
  /// Whether it brings to its end what an earlier request has begun: there is room for it, however
  /// much is under way.
  [[nodiscard]] virtual bool is_follow_up() const noexcept { return false; }
  /// Whether, once it was sent, it waits for its reply also when its caller withdraws it: what it
  /// did may have to be undone.
  [[nodiscard]] virtual bool stays_once_sent() const noexcept { return false; }
  /// Whether it would hold up the others on a shared connection, by its size or its duration.
  [[nodiscard]] virtual bool large() const noexcept { return false; }
  /// About how many bytes of memory it keeps while it waits to be sent.
  [[nodiscard]] virtual std::size_t bytes() const noexcept { return 0; }
};

}  // namespace cachekit::net
