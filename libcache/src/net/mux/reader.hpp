#pragma once

#include "net/mux/spin_choice.hpp"
#include "net/transport/socket.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <string_view>

namespace cachekit::net {

/// How somebody else ends the waiting of a thread that reads: `raised` says that it should end, and
/// then `descriptor` (an eventfd) becomes readable.
struct Interrupt {
  const std::atomic<bool>& raised;
  int descriptor;
};

/// How to wait for bytes.
struct ReadWait {
  Deadline deadline;
  Deadline::clock::time_point now;  ///< About.
  bool writable = false;            ///< Room to write ends the wait, too.
  /// Nobody else's request is under way, whose caller could use the processor meanwhile.
  bool alone = false;
  const Interrupt* interrupt = nullptr;  ///< What ends the wait, too; or null.
};

/// Reads for all who share a socket. Threads: one at a time, the leader.
class Reader {
 public:
  Reader();

  /// Reads what has come, or comes first within the deadline; as `Socket::read`.
  [[nodiscard]] Result<Socket::Transfer> read(Socket& socket, const ReadWait& wait) noexcept;
  /// So many bytes of the last read, until the next one.
  [[nodiscard]] std::string_view bytes(std::size_t count) const noexcept {
    return {buffer_.get(), count};
  }

 private:
  [[nodiscard]] Result<Socket::Transfer> read_alone(Socket& socket, const ReadWait& wait) noexcept;

  const std::unique_ptr<char[]> buffer_;
  SpinChoice spin_;
};

}  // namespace cachekit::net
