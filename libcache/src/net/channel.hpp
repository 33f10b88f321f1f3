#pragma once

#include "core/internal.hpp"
#include "core/mutex.hpp"
#include "net/callback_thread.hpp"
#include "net/mux/combiner.hpp"
#include "net/mux/io_thread.hpp"
#include "net/pool/connection.hpp"
#include "net/pool/connector.hpp"
#include "net/protocol.hpp"
#include "net/transport/address.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>
#include <cachekit/report.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cachekit::net {

class PooledConnection;
class Pool;

struct ChannelOptions {
  Address address{};      ///< And its name in messages.
  AddressSource where{};  ///< Tells the address before each attempt, where that may change.
  std::size_t max_connections = 16;
  std::size_t min_connections = 1;   ///< Opened by `open` and kept.
  std::size_t max_waiting = 10'000;  ///< Callers that may wait for one of their own.
  std::chrono::milliseconds connection_timeout = std::chrono::seconds(5);
  CombinerOptions combiner{};
};

/// The way to one node: callers submit requests, the channel finds them a connection.
///
/// This class is all that backends see of connections. Requests share one connection by combining.
/// Large ones get one to themselves while they run, so that they do not hold up the others, and so
/// does the request of a caller who is not alone but nearly: a handful of round trips side by side
/// is faster than waiting for each other. All that as far as `max_connections` allows; a connection
/// is added only when callers have often found the ones there are busy. Large requests that nobody
/// waits for, and those of batches, share a second connection (`Lane::large`).
///
/// Which node that is, and which one else when it says so, is decided above (net/routing/).
///
/// Order: what one thread begins reaches the node in that order, whatever way it takes and whatever
/// breaks (`ProgramOrder`). A read that has to be repeated may see what was begun after it.
///
/// Threads: all members may be called from any thread at once. No lock is held across
/// I/O that may wait, but for the fifth of a millisecond in which a connection that was just used
/// is listened to. Forks: a child process drops what it has inherited without a word and connects
/// anew.
class CACHEKIT_INTERNAL Channel {
 public:
  Channel(const ChannelOptions& options, std::shared_ptr<const Protocol> protocol);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// Opens `min_connections`.
  [[nodiscard]] Result<void> open(Deadline deadline);
  /// Runs a request. Where nothing was sent, or the request is idempotent, a broken connection is
  /// made up for once with a fresh one, inside the deadline.
  /// Errors: `timeout`, `outcome_unknown`, `unavailable`, `overloaded`, `protocol`, `rejected` (of
  /// the handshake), and what `Request::encode` refuses.
  [[nodiscard]] Result<void> execute(Request& request, Deadline deadline);
  /// Sends a request on its way; never waits for the network. It is settled exactly once.
  /// Lifetime: of the request, as it says itself.
  void start(AsyncRequest& request) noexcept { start(request, IoThread::Caller::leaves); }
  /// The same for one that another thread has begun: it has no place in what the calling one asks.
  void start_for_another(AsyncRequest& request) noexcept;
  /// Settles one with an error instead.
  void refuse(AsyncRequest& request, Error error) noexcept;
  /// A connection for one caller alone, outside the bound of the channel, closed when dropped: for
  /// transactions and subscriptions, whose state must not reach anyone else.
  [[nodiscard]] Result<std::unique_ptr<Connection>> dedicated(Deadline deadline);
  /// The same, step by step, for a channel that is used for nothing else: null where the deadline
  /// comes first, which is no failure, and the next call goes on. Waits where it is too early for
  /// another attempt.
  [[nodiscard]] Result<std::unique_ptr<Connection>> await_dedicated(Deadline deadline);

  /// Has all connections replaced, those that are being opened as well, once what is under way on
  /// them is answered: the peer is not what they were made for. (A session that finds that out of
  /// one connection is `retiring`.)
  void retire() noexcept;

  /// Settles all that is under way, and runs the callbacks; what these start is settled at once. A
  /// backend ends all its channels before it destroys one, for callbacks may use any of them.
  /// Requires: no blocking call, as for the destructor.
  void end() noexcept;

  [[nodiscard]] const Address& address() const noexcept { return options_.address; }
  [[nodiscard]] const std::string& endpoint() const noexcept { return endpoint_; }
  /// Closes idle connections that the peer has closed, so that they do not count.
  /// Cost: some locks, no I/O that waits.
  [[nodiscard]] ConnectionStats stats();

 private:
  friend class FanOut;

  /// A connection that asynchronous requests share, and who looks after them.
  struct LaneOfRequests {
    LaneOfRequests(const ChannelOptions& options, const std::string& endpoint, Lane lane,
                   InFlightBounds& bounds, ProgramOrder& order, CallbackThread& callbacks,
                   std::shared_ptr<Connector> connector, IoThread* shared);

    Combiner combiner;
    IoThread io_thread;
  };

  /// All that a process has of the node.
  struct Core {
    Core(const ChannelOptions& options, const std::string& endpoint,
         std::shared_ptr<const Protocol> protocol);
    ~Core();
    Core(const Core&) = delete;
    Core& operator=(const Core&) = delete;

    /// First the large lane: what is under way there may wait for the shared one. Then the
    /// callbacks of all that. All is still there for what the last of them start.
    void end() noexcept;
    [[nodiscard]] Combiner& combiner() noexcept { return shared.combiner; }
    void close_after_fork() noexcept;

    std::shared_ptr<Connector> connector;
    InFlightBounds bounds;
    ProgramOrder order;
    CallbackThread callbacks;
    LaneOfRequests shared;
    LaneOfRequests large;
    std::shared_ptr<Pool> pool;
    std::uint32_t generation;
    std::atomic<bool> ended{false};
    std::atomic<int> callers{0};
    std::atomic<int> kept_waiting{
        0};  // Callers who found all connections busy since one was added.
  };

  [[nodiscard]] Core& core();
  void replace_inherited_core();
  void start(AsyncRequest& request, IoThread::Caller caller) noexcept;
  [[nodiscard]] Result<void> execute_shared(Core& core, Request& request, Deadline deadline);
  [[nodiscard]] std::optional<PooledConnection> spare_connection(Core& core);
  [[nodiscard]] bool wants_own_connection(const Request& request) const noexcept {
    return options_.max_connections > 1 && request.large();
  }

  const ChannelOptions options_;
  const std::shared_ptr<const Protocol> protocol_;
  const std::string endpoint_;
  core::Mutex replacing_;  // Two threads of a child that find what the parent left at once.
  std::atomic<Core*> core_;
};

}  // namespace cachekit::net
