#pragma once

#include "net/address.hpp"
#include "net/connection.hpp"
#include "net/protocol.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace cachekit::net {

struct ChannelOptions {
  Address address{};
  std::size_t max_connections = 16;
  std::size_t min_connections = 1;   ///< Opened by `open` and kept.
  std::size_t max_waiting = 10'000;  ///< Callers that may wait for a connection; then `overloaded`.
  std::chrono::milliseconds connection_timeout = std::chrono::seconds(5);
};

struct ChannelStats {
  std::size_t open = 0;  ///< Connections, busy or idle.
  std::size_t in_use = 0;
  std::size_t waiting = 0;  ///< Callers.
  std::uint64_t connects = 0;
};

/// The way to one node: callers submit requests, the channel finds them a connection.
///
/// This class is all that backends see of connections; how callers share them is decided behind
/// `execute` alone. Today a request has a connection to itself while it runs.
///
/// Threads: all members may be called from any thread at once. No lock is held across I/O.
class Channel {
 public:
  Channel(ChannelOptions options, std::shared_ptr<const Protocol> protocol);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// Opens `min_connections`, within the connection timeout.
  [[nodiscard]] Result<void> open();
  /// Runs a request. Where nothing was sent, or the request is replayable, a broken connection is
  /// made up for once with a fresh one, inside the deadline.
  /// Errors: `timeout`, `outcome_unknown`, `unavailable`, `overloaded`, `protocol`, `rejected` (of
  /// the handshake), and what `Request::encode` refuses.
  [[nodiscard]] Result<void> execute(Request& request, Deadline deadline);
  /// A connection for one caller alone, outside the bound of the channel, closed when dropped: for
  /// transactions and subscriptions, whose state must not reach anyone else.
  [[nodiscard]] Result<std::unique_ptr<Connection>> dedicated(Deadline deadline) const;

  [[nodiscard]] const Address& address() const noexcept { return options_.address; }
  [[nodiscard]] const std::string& endpoint() const noexcept { return endpoint_; }
  [[nodiscard]] ChannelStats stats() const;

 private:
  friend class Lease;

  ChannelOptions options_;
  std::shared_ptr<const Protocol> protocol_;
  std::string endpoint_;

  mutable std::mutex mutex_;  // guards idle_, open_ and waiting_; never held across I/O
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t open_ = 0;
  std::size_t waiting_ = 0;
  std::atomic<std::uint64_t> connects_{0};
};

/// One request for one channel.
struct Submission {
  Channel* channel = nullptr;
  Request* request = nullptr;
};

/// Runs requests on several channels side by side: all are sent before any reply is awaited. One
/// outcome each, in order; a channel that fails does not touch the others.
[[nodiscard]] std::vector<Result<void>> execute_all(std::span<const Submission> submissions,
                                                    Deadline deadline);

}  // namespace cachekit::net
