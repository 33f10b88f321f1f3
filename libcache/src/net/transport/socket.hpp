#pragma once

// net/transport/: addresses, their resolution, and streams of bytes to them: TCP and unix sockets
// (TLS would be a filter on their bytes). It moves bytes and says when it can; of requests,
// sessions, retries and who waits for what it knows nothing, and it includes none of the other
// folders of net/.

#include "core/internal.hpp"
#include "net/transport/address.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

#include <chrono>
#include <cstddef>
#include <span>
#include <string_view>

namespace cachekit::net {

/// A connected stream socket and the one owner of its descriptor.
///
/// Never raises SIGPIPE (MSG_NOSIGNAL); not inherited by child programs (SOCK_CLOEXEC), and never
/// one of the standard descriptors, even where the program has closed these. TCP sockets send at
/// once (TCP_NODELAY), notice dead peers by keepalive, and give up on bytes that stay
/// unacknowledged (TCP_USER_TIMEOUT, RFC 5482). Threads: one at a time.
class CACHEKIT_INTERNAL Socket {
 public:
  /// Errors: `unavailable` with the system's reason (refused, unreachable; or it was connected to
  /// itself, which happens where nothing listens), `timeout`. They do not name the address.
  [[nodiscard]] static Result<Socket> connect(const SocketAddress& address, Deadline deadline);

  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();

  /// What a read or write came to.
  enum class Status { done, would_block, closed };
  struct Transfer {
    Status status = Status::done;
    std::size_t bytes = 0;
  };

  /// As far as that goes without waiting. Errors: `unavailable`, with the system's reason.
  [[nodiscard]] Result<Transfer> write(std::string_view bytes) noexcept;
  [[nodiscard]] Result<Transfer> read(std::span<char> into) noexcept;

  /// Reads what comes first within the deadline. May say `would_block` well before it, for a caller
  /// that has other things to look after; it says so at once when the deadline has passed.
  /// `writable`: room to write ends the wait, too. `now`: about; where it is known already.
  [[nodiscard]] Result<Transfer> read(
      std::span<char> into, bool writable, Deadline deadline,
      Deadline::clock::time_point now = Deadline::clock::now()) noexcept;
  /// Ends both directions: whoever waits for this socket wakes up. The descriptor stays taken.
  void shutdown() noexcept;
  /// Tells the peer now what has come (tcp(7), TCP_QUICKACK): one that gathers what it sends
  /// (Nagle's algorithm, RFC 896) has kept the rest until then.
  void acknowledge() const noexcept;
  void close() noexcept;

  /// What could be read now; it can be read again. 0 where nothing has come, or all has ended.
  [[nodiscard]] std::size_t peek(std::span<char> into) const noexcept;
  /// Whether an idle socket has bytes to read or was closed by the peer.
  [[nodiscard]] bool readable_now() const noexcept;
  /// The same, now or soon.
  [[nodiscard]] bool readable_within(std::chrono::microseconds time) const noexcept;
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

 private:
  explicit Socket(int descriptor) noexcept : descriptor_(descriptor) {}
  [[nodiscard]] Result<Transfer> receive(std::span<char> into, int flags) noexcept;

  int descriptor_ = -1;
};

/// The longest single write. Between two of them a caller, who may be sending for many, looks at
/// the time: a peer that takes all that it is given must not keep it beyond that.
inline constexpr std::size_t longest_write = std::size_t{256} << 10U;

/// What has arrived by a deadline counts, but a peer that never stops sending must not keep a
/// caller for ever: so many reads are made after it.
inline constexpr int late_reads = 16;

/// Waits until a descriptor can be read (or written), or the deadline passes: true when it can.
[[nodiscard]] bool wait_ready(int descriptor, bool for_write, Deadline deadline) noexcept;
/// The same for writing alone: bytes to read do not end the wait.
[[nodiscard]] bool wait_writable(int descriptor, Deadline deadline) noexcept;
/// Waits for the first, and for `other` to be read, whichever comes first.
void wait_ready(int descriptor, bool for_write, int other, Deadline deadline) noexcept;

}  // namespace cachekit::net
