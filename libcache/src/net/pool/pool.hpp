#pragma once

// net/pool/: connections with a protocol's session on them: dialling and greeting, one attempt at a
// time, and the pool of those that one caller has to itself. How callers share a connection is none
// of its business: the connector hands connections over to net/mux/, and knows no more of that.

#include "core/mutex.hpp"
#include "net/pool/connection.hpp"
#include "net/pool/connector.hpp"

#include <cachekit/deadline.hpp>
#include <cachekit/error.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cachekit::net {

struct PoolOptions {
  std::size_t max_connections = 15;
  std::size_t max_waiting = 10'000;
};

struct PoolStats {
  std::size_t open = 0;  ///< Connections, in use or idle.
  std::size_t in_use = 0;
  std::size_t waiting = 0;  ///< Callers.
  std::uint64_t requests = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t reconnects = 0;  ///< Connections made in the place of one that broke.
};

/// The connections of a node that one caller at a time has to itself.
/// Threads: all members may be called from any thread at once. No lock is held across I/O that may
/// wait.
class Pool : public std::enable_shared_from_this<Pool> {
 public:
  Pool(const PoolOptions& options, std::shared_ptr<Connector> connector, std::string endpoint);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  [[nodiscard]] PoolStats stats() const;
  /// Has a connection opened that will be idle then, on a thread that ends with it; one at a time.
  /// No-op where there is no room for one or no thread.
  void add_idle() noexcept;
  /// Closes the idle connections that the peer has closed.
  void close_stale() noexcept;
  /// Closes the idle connections of earlier generations than that, and others when they come back.
  void retire_before(std::uint64_t generation) noexcept;
  /// Whether one of its connections broke since `then`.
  [[nodiscard]] bool broke_since(Deadline::clock::time_point then) const;
  /// As `SharedConnection::close_after_fork`.
  void close_after_fork() noexcept;

 private:
  friend class PooledConnection;

  void open_idle() noexcept;

  const PoolOptions options_;
  const std::shared_ptr<Connector> connector_;
  const std::string endpoint_;
  ExchangeCounts counts_;

  mutable core::Mutex mutex_;
  core::ConditionVariable returned_;
  std::vector<std::unique_ptr<Connection>> idle_ CACHEKIT_GUARDED_BY(mutex_);
  std::size_t open_ CACHEKIT_GUARDED_BY(mutex_) = 0;
  std::size_t waiting_ CACHEKIT_GUARDED_BY(mutex_) = 0;
  bool adding_ CACHEKIT_GUARDED_BY(mutex_) = false;
  std::size_t broken_ CACHEKIT_GUARDED_BY(mutex_) = 0;  // Nothing has taken their place yet.
  Deadline::clock::time_point broke_at_ CACHEKIT_GUARDED_BY(mutex_){};
  std::uint64_t reconnects_ CACHEKIT_GUARDED_BY(mutex_) = 0;
  std::uint64_t oldest_ CACHEKIT_GUARDED_BY(mutex_) = 0;  // Generation that is not retired.
};

/// A connection of the pool in the hands of one caller; goes back when dropped, or is closed when
/// it is no longer usable.
class PooledConnection {
 public:
  /// Waits for a slot, then takes an idle connection that is still good, or opens one.
  /// `fresh`: never an idle one.
  [[nodiscard]] static Result<PooledConnection> take(Pool& pool, Deadline deadline,
                                                     bool fresh = false);

  /// An idle connection that is still good, if there is one; never waits.
  [[nodiscard]] static std::optional<PooledConnection> take_idle(Pool& pool);

  PooledConnection(PooledConnection&& other) noexcept;
  PooledConnection& operator=(PooledConnection&& other) noexcept;
  ~PooledConnection();

  [[nodiscard]] Connection& operator*() const noexcept { return *connection_; }
  [[nodiscard]] Connection* operator->() const noexcept { return connection_.get(); }
  /// Whether it was open before, so that the peer may have closed it unnoticed.
  [[nodiscard]] bool reused() const noexcept { return reused_; }

 private:
  PooledConnection() noexcept = default;
  [[nodiscard]] static Result<void> wait_for_slot(Pool& pool, Deadline deadline);
  void take_idle();
  /// Whether it has got the right to one connection more. Closes an idle one for that where it has
  /// to be a fresh one.
  [[nodiscard]] bool add_slot(bool fresh);

  Pool* pool_ = nullptr;  // Where it gives its slot back, if it has one.
  std::unique_ptr<Connection> connection_;
  bool reused_ = false;
};

/// Runs a request on a connection of its own; a connection that was lost while it was idle is made
/// up for once. Errors: as `Channel::execute`.
[[nodiscard]] Result<void> execute_dedicated(Pool& pool, Request& request, Deadline deadline);

/// Whether `error` came of an idle connection that the peer had closed, and sending again can do no
/// harm.
[[nodiscard]] bool worth_another_try(const PooledConnection& pooled, const Request& request,
                                     const Error& error);

}  // namespace cachekit::net
